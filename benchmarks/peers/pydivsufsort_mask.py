"""pydivsufsort: a suffix array over all texts, and the characters in a run of eight that another text has, too.

It is what is left of the whole scan's question when one tool must answer it: how much of this text stands elsewhere?
"""

from __future__ import annotations

import json
from importlib.metadata import version

import numpy as np
from answers import arguments, read_texts
from pydivsufsort import divsufsort, kasai

LENGTH = 8


def main() -> None:
    """Texts joined by a character that no text holds; suffixes with eight characters in common stand side by side."""
    corpus, out, _ = arguments()
    texts = list(read_texts(corpus))
    joined = "\0".join(texts)
    document = np.repeat(np.arange(len(texts), dtype=np.int32), [len(text) + 1 for text in texts])[: len(joined)]
    points = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    _, symbols = np.unique(points, return_inverse=True)
    symbols = symbols.astype(np.uint16)
    suffixes = divsufsort(symbols)
    prefixes = kasai(symbols, suffixes)
    first = np.flatnonzero(np.concatenate(([True], prefixes[:-1] < LENGTH)))
    owner = document[suffixes]
    shared = np.minimum.reduceat(owner, first) != np.maximum.reduceat(owner, first)
    begins = suffixes[np.repeat(shared, np.diff(np.append(first, len(suffixes))))]
    change = np.zeros(len(points) + 1, np.int32)
    np.add.at(change, begins, 1)
    np.add.at(change, np.minimum(begins + LENGTH, len(points)), -1)
    share = float((np.cumsum(change[:-1]) > 0).mean())
    tool = f"pydivsufsort {version('pydivsufsort')}"
    out.write_text(json.dumps({"tool": tool, "form": "mask", "rows": [share]}), "utf-8")


if __name__ == "__main__":
    main()
