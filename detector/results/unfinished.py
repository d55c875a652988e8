"""What the finished stages of a scan found, kept beside its results until it is complete, so that it can go on.

``DIR/.unfinished/`` holds a file of columns for each stage that is kept and ``manifest.json``: what the scan is of
(version, settings, rules, the names, sizes and times of its inputs, the digest of its documents), the stages, and the
tables that were written. Files are complete before the manifest names them, and the manifest is replaced at one stroke,
so that a process may be killed at any moment. Tokens and passages are not kept: making them again is quicker than
reading them.

Keeping may take `SHARE` of the time of the scan and no more: a stage whose columns would take longer is done again.
A scan of seconds keeps nothing at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from detector.errors import ScanError
from detector.machine.workspace import Workspace
from detector.records.inputs import expand
from detector.rules.protecting import protected_phrases
from detector.rules.rule_tables import load_rules
from detector.settings import Settings
from detector.tables.scan_files import MANIFEST, UNFINISHED, complete
from detector.tables.stored import Columns, StoredFile
from detector.version import FORMAT_VERSION, SCORE_VERSION, VERSION

Given = ParamSpec("Given")
Result = TypeVar("Result")

MANIFEST_VERSION = 1

SHARE = 0.04
"""Of the time that a scan took so far, for keeping what it found."""

LEAST_SECONDS = 10.0
"""A scan that has not taken longer is begun again sooner than it is resumed."""

BYTES_PER_SECOND, LATENCY = 1e8, 0.03
"""Of a slow disk; what the disk gives is measured as soon as something was written."""


class Results:
    """Results of stages and tables, none of which is kept: what a scan has that cannot be resumed."""

    def result(
        self, name: str, compute: Callable[Given, Result], *arguments: Given.args, **named: Given.kwargs
    ) -> Result:
        """What a stage finds."""
        return compute(*arguments, **named)

    def has(self, name: str) -> bool:
        """Whether a stage was done before."""
        return False

    def check_digest(self, digest: str) -> None:
        """Raises `ScanError` where the documents are not those of the scan that is resumed."""

    def has_table(self, name: str) -> bool:
        """Whether a table was written already."""
        return False

    def note_table(self, name: str, files: Iterable[Path]) -> None:
        """A table was written to these files."""


class Unfinished(Results):
    """Results that are kept in ``out/.unfinished``; ``announce`` is told what cannot be.

    ``what`` and ``rules`` say what the scan is of, as `scan_of` and `digest_of_rules` do; the second, which takes a
    while, where something is kept. Raises `ScanError` where another scan is unfinished there, and with ``resume`` where
    what is kept does not fit.
    """

    def __init__(
        self,
        out: Path,
        what: Mapping[str, Any],
        rules: Callable[[], str],
        columns: Columns,
        *,
        resume: bool = False,
        announce: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._out, self._folder, self._columns, self._announce = out, out / UNFINISHED, columns, announce
        self._began, self._spent, self._written, self._keeps = time.monotonic(), 0.0, 0, True
        self._manifest: dict[str, Any] = {**what, "rules": None, "digest": None, "stages": {}, "tables": {}}
        self._rules = rules
        found = _manifest(self._folder)
        if found is not None:
            if not resume:
                raise ScanError(_told(out, found))
            self._resume(found, what)
        elif resume:
            announce(f"{out}: no stage of a scan is kept there; this one begins anew")
        elif self._folder.exists():
            announce(f"{out}: holds what an interrupted scan left, no stage of it; this one takes its place")

    @property
    def stages(self) -> list[str]:
        """The stages that are kept."""
        return list(self._manifest["stages"])

    def told(self) -> str:
        """One line about what is kept now, and how to go on with it."""
        if not self.stages:
            return "no stage of it is kept yet; begin it again"
        tables = ", ".join(self._manifest["tables"])
        written = f"; written: {tables}" if tables else ""
        kept = f"{', '.join(self.stages)} are kept in {self._folder}{written}"
        return f"{kept}; go on with the same command and --resume"

    def _resume(self, found: dict[str, Any], what: Mapping[str, Any]) -> None:
        """Go on from what a manifest has."""
        self._manifest, why = found, misfit(found, {**what, "rules": self._rules()})
        if why is None:
            damaged = [name for name in self.stages if not self._columns.is_whole(self._stored(name))]
            why = f"the file of stage {damaged[0]!r} is damaged" if damaged else None
        if why is not None:
            raise ScanError(_refused(self._folder, why))
        self._announce(f"resumed; kept were: {', '.join(self.stages)}")

    def _stored(self, name: str) -> StoredFile:
        return StoredFile(*self._manifest["stages"][name])

    def result(
        self, name: str, compute: Callable[Given, Result], *arguments: Given.args, **named: Given.kwargs
    ) -> Result:
        """What a stage found in a scan before this one, else what it finds now, kept if that is quick enough."""
        if self.has(name):
            kept: Result = self._columns.read(self._stored(name))
            return kept
        value = compute(*arguments, **named)
        if self._pays(self._columns.n_bytes(value)):
            self._keep(name, value)
        return value

    def has(self, name: str) -> bool:
        """Whether a stage is kept."""
        return name in self._manifest["stages"]

    def _pays(self, n_bytes: int) -> bool:
        """Whether so many bytes are written within the time that keeping may take."""
        taken = time.monotonic() - self._began
        rate = self._written / self._spent if self._written > 10 * BYTES_PER_SECOND * LATENCY else BYTES_PER_SECOND
        expected = n_bytes / rate + LATENCY
        return self._keeps and taken >= LEAST_SECONDS and self._spent + expected <= SHARE * taken

    def _keep(self, name: str, value: Any) -> None:
        with self._counted():
            self._folder.mkdir(parents=True, exist_ok=True)
            stored = self._columns.write(f"{name}.columns", value)
            self._written += stored.n_bytes
            self._manifest["stages"][name] = stored
            self._put_manifest()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Counts the time of what it is about; where there is no room nothing more is kept."""
        began = time.monotonic()
        try:
            yield
        except OSError as error:
            self._keeps = False
            why = error.strerror or error
            self._announce(f"{self._folder}: {why}; the scan goes on, but from here on nothing is kept of it")
        self._spent += time.monotonic() - began

    def _put_manifest(self) -> None:
        self._manifest["rules"] = self._manifest["rules"] or self._rules()
        data = json.dumps(self._manifest, indent=1).encode()

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())

        complete(self._folder / MANIFEST, write)

    def check_digest(self, digest: str) -> None:
        """Raises `ScanError` where the documents are not those of the scan that is resumed."""
        if self._manifest["digest"] not in (None, digest):
            raise ScanError(_refused(self._folder, "the input has changed"))
        self._manifest["digest"] = digest

    def has_table(self, name: str) -> bool:
        """Whether a table was written already and is as it was."""
        files = self._manifest["tables"].get(name)
        return files is not None and files == _sizes(self._out / file for file in files)

    def note_table(self, name: str, files: Iterable[Path]) -> None:
        """A table was written to these files."""
        self._manifest["tables"][name] = _sizes(files)
        if self.stages and self._keeps:
            with self._counted():
                self._put_manifest()


def scan_of(inputs: Sequence[str | Path] | str | Path, settings: Settings) -> dict[str, Any]:
    """What a scan is of, as a manifest has it but for the rules; raises what `expand` raises."""
    listed = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    files, _ = expand(listed, settings.skip_files)
    return {
        "manifest_version": MANIFEST_VERSION,
        "version": [VERSION, FORMAT_VERSION, SCORE_VERSION],
        "settings": settings.as_dict(),
        "inputs": [[file.source, *_size_and_time(file.path)] for file in files],
    }


def digest_of_rules(settings: Settings) -> str:
    """What tells whether the rules and protected phrases are the same; raises what `load_rules` raises."""
    rules = repr((load_rules(settings).rules, protected_phrases(settings.protect)))
    return hashlib.sha256(rules.encode("utf-8", "surrogatepass")).hexdigest()


def _size_and_time(path: Path | None) -> list[int | None]:
    """Bytes and time of a file; none of standard input, whose documents tell whether it is the same."""
    if path is None:
        return [None, None]
    try:
        status = path.stat()
    except OSError:
        return [None, None]
    return [status.st_size, status.st_mtime_ns]


def misfit(found: Mapping[str, Any], what: Mapping[str, Any]) -> str | None:
    """Why what a manifest has is not what is to be scanned; None where it is."""
    if found.get("manifest_version") != what["manifest_version"] or found.get("version") != what["version"]:
        return "it was begun by another version"
    settings = found["settings"]
    for name, value in what["settings"].items():
        if settings.get(name) != value:
            return f"the setting {name} was {settings.get(name)!r} and is {value!r}"
    if found["rules"] != what["rules"]:
        return "the rules or the protected phrases have changed"
    before, now = ({tuple(file) for file in each["inputs"]} for each in (found, what))
    changed = sorted(str(file[0]) for file in before ^ now)
    if changed:
        return f"the input {changed[0]} has changed"
    return None


def _refused(folder: Path, why: str) -> str:
    return f"{folder}: cannot be resumed: {why}. Remove that folder to scan from the beginning"


def _told(out: Path, found: Mapping[str, Any]) -> str:
    """One line about the scan that is unfinished in a folder."""
    kept = ", ".join(found["stages"])
    return f"{out}: holds an unfinished scan (kept: {kept}); continue it with --resume, or remove {out / UNFINISHED}"


def _manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder, None where there is none that can be read."""
    try:
        found = json.loads((folder / MANIFEST).read_text("utf-8"))
        parts = [found[name] for name in ("stages", "tables", "settings")]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if all(isinstance(part, dict) for part in parts) else None


def _sizes(files: Iterable[Path]) -> dict[str, list[int | None]]:
    """Bytes and time of files by name."""
    return {file.name: _size_and_time(file) for file in files}


def unfinished_scan(
    out: Path,
    inputs: Sequence[str | Path] | str | Path,
    settings: Settings,
    work: Workspace,
    kinds: Sequence[type],
    **options: Any,
) -> Unfinished:
    """What is kept, or will be, of a scan that writes to ``out``; ``options`` are those of `Unfinished`."""
    rules, columns = partial(digest_of_rules, settings), Columns(out / UNFINISHED, kinds, work)
    return Unfinished(out, scan_of(inputs, settings), rules, columns, **options)
