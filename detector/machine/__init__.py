"""The machine that a scan runs on: memory up to a budget and files beyond it, threads, time, what must not stay."""
