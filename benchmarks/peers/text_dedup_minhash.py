"""text-dedup: its own MinHash program, on text with a space between all characters.

It takes every run without spaces and punctuation for one word, so that raw Chinese has hardly any shingles of five.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from answers import N_BANDS, N_PERMUTATIONS, N_ROWS, SHINGLE, THRESHOLD, arguments, read_texts, write

CONFIG = """
[input]
input_type = "local_files"
file_type = "json"
read_arguments = {{path = "json", data_files = "spaced.jsonl", split = "train", cache_dir = "cache"}}
[algorithm]
algorithm_name = "minhash"
text_column = "text"
num_perm = {permutations}
ngram_size = {shingle}
bands = {bands}
rows = {rows}
threshold = {threshold}
min_length = 1
num_proc = 2
[output]
output_dir = "out"
save_clusters = true
[debug]
"""


def main() -> None:
    """The program is told what to do by a config.toml where it runs."""
    corpus, out, _ = arguments()
    with TemporaryDirectory(dir=out.parent) as name:
        folder = Path(name)
        with (folder / "spaced.jsonl").open("w", encoding="utf-8") as file:
            for text in read_texts(corpus):
                file.write(json.dumps({"text": " ".join("".join(text.split()))}, ensure_ascii=False) + "\n")
        config = CONFIG.format(
            permutations=N_PERMUTATIONS, shingle=SHINGLE, threshold=THRESHOLD, bands=N_BANDS, rows=N_ROWS
        )
        (folder / "config.toml").write_text(config, "utf-8")
        subprocess.run([sys.executable, "-m", "text_dedup.minhash"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        # written by the program just run, in a folder of our own
        cluster_of: dict[int, int] = pickle.loads((folder / "out" / "clusters.pickle").read_bytes())
    clusters: dict[int, list[int]] = defaultdict(list)
    for row, cluster in sorted(cluster_of.items()):
        clusters[cluster].append(row)
    write(out, "text-dedup", "clusters", list(clusters.values()))


if __name__ == "__main__":
    main()
