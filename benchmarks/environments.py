"""The table of peers, and a virtual environment for each, made once and kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

INSTALL_SECONDS = 900
STAMP = "installed.txt"
"""In an environment: what it was made from. It is written last, so that half an environment is made again."""


class NotInstalled(Exception):
    """A peer's environment cannot be made; the message is one line."""


class Peer(NamedTuple):
    """A row of peers.toml; without ``requires`` it runs on the interpreter of the benchmark."""

    name: str
    program: Path
    arguments: tuple[str, ...] = ()
    environment: str = ""
    python: str = ""
    requires: tuple[str, ...] = ()
    note: str = ""
    job: str = "a"


def load_peers(table: Path) -> list[Peer]:
    """The rows of a table, whose programs lie in the folder peers/ beside it."""
    return [
        Peer(
            row["name"],
            table.parent / "peers" / row["program"],
            tuple(row.get("arguments", ())),
            row.get("environment", ""),
            row.get("python", ""),
            tuple(row.get("requires", ())),
            row.get("note", ""),
            row.get("job", "a"),
        )
        for row in tomllib.loads(table.read_text("utf-8"))["peer"]
    ]


def python_of(peer: Peer, folder: Path) -> Path:
    """The interpreter of a peer's environment in ``folder``, made now where it is missing; raises `NotInstalled`."""
    if not peer.requires:
        return Path(sys.executable)
    home = folder / peer.environment
    interpreter = home / "bin" / "python"
    base = base_python(peer.python)
    wanted = "\n".join([base, *peer.requires])
    stamp = home / STAMP
    if not stamp.is_file() or stamp.read_text("utf-8") != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        _run([base, "-m", "venv", "--clear", str(home)])
        pip = [str(interpreter), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--prefer-binary"]
        _run([*pip, *peer.requires])
        stamp.write_text(wanted, "utf-8")
    return interpreter


def base_python(version: str) -> str:
    """An interpreter of this version, from the path or from pyenv's folder; the running one where none is asked for."""
    if version in ("", f"{sys.version_info.major}.{sys.version_info.minor}"):
        return sys.executable
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for candidate in (*map(str, kept), shutil.which(f"python{version}")):
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    raise NotInstalled(f"needs Python {version}, which is not here")


def last_line(text: str) -> str:
    """The last line that says something, cut short."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:160] if lines else "no message"


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"installing took more than {INSTALL_SECONDS} s") from None
    except OSError as error:
        raise NotInstalled(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        raise NotInstalled(last_line(done.stderr or done.stdout))
