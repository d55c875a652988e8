"""rensa: RMinHash and its LSH index; candidates whose estimated Jaccard is below the threshold are left out."""

from __future__ import annotations

import rensa
from answers import N_BANDS, N_PERMUTATIONS, THRESHOLD, arguments, read_texts, shingles, write


def main() -> None:
    """Each document asks for those before it."""
    corpus, out, _ = arguments()
    index = rensa.RMinHashLSH(THRESHOLD, N_PERMUTATIONS, N_BANDS)
    signatures: list[rensa.RMinHash] = []
    pairs = []
    for row, text in enumerate(read_texts(corpus)):
        signature = rensa.RMinHash(N_PERMUTATIONS, 42)
        signature.update(shingles(text))
        pairs += [(other, row) for other in index.query(signature) if signatures[other].jaccard(signature) >= THRESHOLD]
        index.insert(row, signature)
        signatures.append(signature)
    write(out, "rensa", "pairs", pairs)


if __name__ == "__main__":
    main()
