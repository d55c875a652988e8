"""Runs the command: ``python -m detector``."""

from detector.cli import run

if __name__ == "__main__":
    run()
