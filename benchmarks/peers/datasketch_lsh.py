"""datasketch: a MinHash a document, fed in bulk, and its own LSH index. The scheme is named on the command line."""

from __future__ import annotations

from answers import N_PERMUTATIONS, THRESHOLD, arguments, read_texts, shingles, write
from datasketch import MinHash, MinHashLSH


def main() -> None:
    """Each document asks for those before it, as the index's documentation has it."""
    corpus, out, (scheme,) = arguments()
    index = MinHashLSH(threshold=THRESHOLD, num_perm=N_PERMUTATIONS)
    first = MinHash(num_perm=N_PERMUTATIONS, scheme=scheme)
    pairs = []
    for row, text in enumerate(read_texts(corpus)):
        signature = MinHash(num_perm=N_PERMUTATIONS, scheme=scheme, permutations=first.permutations)
        signature.update_batch({shingle.encode() for shingle in shingles(text)})
        pairs += [(other, row) for other in index.query(signature)]
        index.insert(row, signature)
    write(out, "datasketch", "pairs", pairs)


if __name__ == "__main__":
    main()
