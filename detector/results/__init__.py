"""A finished scan: evidence, the files of its folder, and the object that reads them again."""
