"""data-juicer: its MinHash deduplicator on characters, as Python operators over a data set, with two processes."""

from __future__ import annotations

from answers import N_BANDS, N_PERMUTATIONS, N_ROWS, SHINGLE, THRESHOLD, arguments, read_texts, write
from data_juicer.core.data import NestedDataset
from data_juicer.ops.deduplicator.document_minhash_deduplicator import DocumentMinhashDeduplicator


def main() -> None:
    """It says which documents it keeps, not what the others are copies of."""
    corpus, out, _ = arguments()
    texts = list(read_texts(corpus))
    step = DocumentMinhashDeduplicator(
        tokenization="character",
        window_size=SHINGLE,
        lowercase=False,
        num_permutations=N_PERMUTATIONS,
        jaccard_threshold=THRESHOLD,
        num_bands=N_BANDS,
        num_rows_per_band=N_ROWS,
    )
    data = NestedDataset.from_dict({"text": texts, "row": list(range(len(texts)))})
    kept, _ = step.process(data.map(step.compute_hash, num_proc=2))
    write(out, "py-data-juicer", "dropped", sorted(set(range(len(texts))) - set(kept["row"])))


if __name__ == "__main__":
    main()
