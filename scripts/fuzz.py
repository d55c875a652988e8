"""Fuzzes readers, folding, rules and whole scans with atheris, for so many seconds each.

    python scripts/fuzz.py [TARGET ...] [--seconds 60]

Begins with the sample corpus, the cases of the tests, and what crashed before. Bytes at which a target fails are kept
in ``tests/data/fuzz/TARGET/``, where tests/test_fuzz.py replays them, and the exit code is 1. Modules are watched for
what they have covered, but for kernels, which are compiled.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import pkgutil
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "data" / "fuzz"

MAX_BYTES = {"reading": 4096, "folding": 4096, "rules": 2048, "scanning": 2048}


def begin_with(target: str, folder: Path) -> None:
    """Bytes to begin with."""
    from fuzz_targets import ENDINGS

    for number, path in enumerate([*(CASES / target).glob("*"), *(ROOT / "seeds").iterdir()]):
        data = path.read_bytes() if path.is_file() else b""
        (folder / f"{number}").write_bytes(data if path.parent.parent == CASES else data[: MAX_BYTES[target] - 1])
    if target == "reading":
        for number, path in enumerate(
            file for file in (ROOT / "tests" / "data" / "reading").rglob("*") if file.is_file()
        ):
            for ending, name in enumerate(ENDINGS):
                if path.name.endswith(name):
                    (folder / f"reading-{number}").write_bytes(bytes([ending]) + path.read_bytes())


def fuzz(target: str, seconds: int, folder: Path) -> None:
    """Fuzz in this process, which atheris ends."""
    import atheris

    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import detector.kernels

    for module in pkgutil.iter_modules(detector.kernels.__path__):
        importlib.import_module(f"detector.kernels.{module.name}")
    with contextlib.redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["detector"]):
        from fuzz_targets import TARGETS
    begin_with(target, folder)
    options = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES[target]}", "-timeout=20", "-rss_limit_mb=4096"]
    atheris.Setup(
        [sys.argv[0], *options, f"-artifact_prefix={CASES / target}/", "-verbosity=0", str(folder)], TARGETS[target]
    )
    atheris.Fuzz()


def main() -> None:
    """Fuzz each target in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(MAX_BYTES))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--here", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        fuzz(options.targets[0], options.seconds, Path(options.here))
        return
    failed = []
    for target in options.targets or MAX_BYTES:
        (CASES / target).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, target, f"--seconds={options.seconds}", f"--here={folder}"]
            code = subprocess.run(command, check=False).returncode
            n_cases = len(list(Path(folder).iterdir()))
        print(
            f"{target:10} {options.seconds} s, {n_cases} inputs worth keeping, {'failed' if code else 'nothing found'}"
        )
        if code:
            failed.append(target)
        if not any((CASES / target).iterdir()):
            shutil.rmtree(CASES / target)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
