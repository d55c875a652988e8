"""The commands, a module each: ``add`` declares its options and help, ``run`` does it."""
