"""gaoya: its string index with the character analyser, filled and asked in bulk on all cores."""

from __future__ import annotations

from itertools import islice

import gaoya
from answers import N_BANDS, N_PERMUTATIONS, N_ROWS, SHINGLE, THRESHOLD, arguments, read_texts, write

BATCH = 5_000


def main() -> None:
    """Everything is inserted, then everything is asked for; the index itself checks the estimated Jaccard."""
    corpus, out, _ = arguments()
    index = gaoya.minhash.MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=THRESHOLD,
        num_bands=N_BANDS,
        band_size=N_ROWS,
        num_hashes=N_PERMUTATIONS,
        analyzer="char",
        lowercase=False,
        ngram_range=(SHINGLE, SHINGLE),
    )
    texts, n_rows = read_texts(corpus), 0
    while batch := list(islice(texts, BATCH)):
        index.par_bulk_insert_docs(list(range(n_rows, n_rows + len(batch))), batch)
        n_rows += len(batch)
    pairs, start = [], 0
    texts = read_texts(corpus)
    while batch := list(islice(texts, BATCH)):
        for row, found in enumerate(index.par_bulk_query(batch), start):
            pairs += [(other, row) for other in found if other < row]
        start += len(batch)
    write(out, "gaoya", "pairs", pairs)


if __name__ == "__main__":
    main()
