"""The texts of some documents of a scan, read from its input without holding the others.

A scan that was opened has no texts. All of them together prove by their digest that the input is what was scanned; of
a few, each proves itself: by its length and by the findings whose text has to stand where they say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from detector.errors import DetectorError, ScanError, printable
from detector.model import DocumentScore, Finding
from detector.records.reading import Reader
from detector.settings import Settings

ELLIPSIS = "…"
"""What ends the text of a finding that was written short."""


class SourceTexts(Mapping[str, str]):
    """The texts of documents by their ids, each read from the input when it is first asked for.

    ``inputs`` says where the input is now, if it was moved. Raises `ScanError` where the input is not there any more,
    or where the text is not the one that was scanned; a document that the scan does not have is a `KeyError`.
    """

    def __init__(
        self,
        summary: Mapping[str, object],
        folder: str,
        scores: Mapping[str, DocumentScore],
        inputs: Sequence[str] | None = None,
    ) -> None:
        self._summary, self._folder, self._scores = summary, folder, scores
        run = summary.get("run", {})
        told = run.get("inputs", ()) if isinstance(run, Mapping) else ()
        self._inputs = list(inputs if inputs is not None else told)
        self._texts: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._texts:
            if name not in self._scores:
                raise KeyError(name)
            self.fetch([name])
        return self._texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._scores)

    def __len__(self) -> int:
        return len(self._scores)

    def fetch(self, names: Iterable[str]) -> None:
        """Read the texts of some documents in one pass over the input, up to the last of them."""
        wanted = {name for name in names if name in self._scores} - self._texts.keys()
        if not wanted:
            return
        if not self._inputs or "-" in self._inputs:
            raise ScanError(
                f"{self._folder}: its texts came from memory or standard input. Name them with --input FILE."
            )
        try:
            settings = self._summary["settings"]
            assert isinstance(settings, Mapping)
            for document in Reader(self._inputs, Settings.from_mapping(settings, f"{self._folder}/summary.json")):
                if document.id in wanted:
                    self._texts[document.id] = document.text
                    wanted.discard(document.id)
                    if not wanted:
                        break
        except DetectorError as error:
            raise ScanError(f"{error}. If the input was moved, name it with --input.") from None
        for name in sorted(wanted):
            raise ScanError(f"{self._folder}: its input has no document {printable(name)} any more. Scan it again.")

    def check(self, name: str, findings: Iterable[Finding]) -> None:
        """Raises `ScanError` where the text of a document is not the one that was scanned."""
        text = self[name]
        whole = len("".join(text.split())) == self._scores[name].n_chars
        if not whole or not all(_stands(text, finding) for finding in findings):
            raise ScanError(f"{self._folder}: its input has changed since it was scanned. Scan it again.")


def _stands(text: str, finding: Finding) -> bool:
    """Whether the text of a finding stands at its place; one that was not written does."""
    here = text[finding.start : finding.end]
    if not finding.text or here == finding.text:
        return len(here) == finding.end - finding.start
    return finding.text.endswith(ELLIPSIS) and here.startswith(finding.text.removesuffix(ELLIPSIS))
