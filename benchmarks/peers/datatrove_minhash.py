"""datatrove: its MinHash steps in local executors of two workers, with a tokeniser of characters put in.

Its own Chinese tokeniser makes words, which is another job; its normalisation, which takes out punctuation and figures,
is switched off for the same reason.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from answers import N_BANDS, N_ROWS, SHINGLE, arguments, write
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature, minhash
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.utils.hashing import HashConfig
from datatrove.utils.text import TextNormConfig
from datatrove.utils.word_tokenizers import WordTokenizer

WORKERS = 2


class Characters(WordTokenizer):
    """Every character is a word."""

    def word_tokenize(self, text: str) -> list[str]:
        return list(text)

    def sent_tokenize(self, text: str) -> list[str]:
        return [text]

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))]


def signature_step(folder: str, config: MinhashConfig) -> MinhashDedupSignature:
    """The step that signs shingles of characters; its own choice of tokeniser, by language, would load a model."""
    with mock.patch.object(minhash, "load_word_tokenizer", return_value=Characters()):
        return MinhashDedupSignature(folder, config=config)


def run(folder: Path, name: str, steps: Sequence[Any], n_tasks: int) -> None:
    """One executor; its logs lie in the folder."""
    LocalPipelineExecutor(
        pipeline=list(steps),
        tasks=n_tasks,
        workers=min(WORKERS, n_tasks),
        logging_dir=str(folder / "logs" / name),
        start_method="fork",
    ).run()


def split(corpus: Path, folder: Path) -> list[int]:
    """The corpus in one file a worker, at least two lines each; the row with which each begins."""
    with corpus.open("rb") as lines:
        n_rows = sum(1 for _ in lines)
    starts = [n_rows * worker // WORKERS for worker in range(WORKERS + 1)]
    folder.mkdir()
    with corpus.open("rb") as lines:
        for worker in range(WORKERS):
            with (folder / f"{worker}.jsonl").open("wb") as part:
                part.writelines(next(lines) for _ in range(starts[worker + 1] - starts[worker]))
    return starts


def main() -> None:
    """Signatures, buckets, clusters."""
    corpus, out, _ = arguments()
    config = MinhashConfig(
        n_grams=SHINGLE,
        num_buckets=N_BANDS,
        hashes_per_bucket=N_ROWS,
        hash_config=HashConfig(precision=64),
        norm_config=TextNormConfig(
            lowercase=False,
            norm_whitespace=False,
            remove_punctuation=False,
            norm_unicode_diacritics=False,
            norm_numbers=False,
        ),
    )
    clusters: dict[int, list[int]] = defaultdict(list)
    with TemporaryDirectory(dir=out.parent) as name:
        folder = Path(name)
        starts = split(corpus, folder / "in")
        signatures, buckets, found = (str(folder / step) for step in ("signatures", "buckets", "clusters"))
        run(folder, "1", [JsonlReader(str(folder / "in")), signature_step(signatures, config)], WORKERS)
        run(folder, "2", [MinhashDedupBuckets(signatures, buckets, config=config)], N_BANDS)
        run(folder, "3", [MinhashDedupCluster(buckets, found, config=config, save_cluster_id=True)], 1)
        for file in sorted(Path(found).glob("*.clusters")):
            for row, cluster in struct.iter_unpack("<II", file.read_bytes()):
                clusters[cluster].append(starts[int(file.stem)] + row)
    write(out, "datatrove", "clusters", list(clusters.values()))


if __name__ == "__main__":
    main()
