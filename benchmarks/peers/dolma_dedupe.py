"""dolma: its Bloom filter over whole texts. It finds exact copies only, which is a smaller job than the others'."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from answers import arguments, read_texts, write


def main() -> None:
    """The toolkit wants gzip files, in a folder named documents, that say their source; attributes lie beside it."""
    corpus, out, _ = arguments()
    with TemporaryDirectory(dir=out.parent) as name:
        folder = Path(name)
        documents = folder / "documents" / "0.jsonl.gz"
        documents.parent.mkdir()
        n_rows = 0
        with gzip.open(documents, "wt", compresslevel=1, encoding="utf-8") as file:
            for n_rows, text in enumerate(read_texts(corpus), 1):
                row = {"id": str(n_rows - 1), "source": "benchmark", "text": text}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        options = {
            "--documents": str(documents),
            "--dedupe.name": "copies",
            "--dedupe.documents.attribute_name": "copy",
            "--dedupe.documents.key": "$.text",
            "--bloom_filter.file": str(folder / "filter"),
            "--bloom_filter.estimated_doc_count": str(max(1_000, n_rows)),
            "--bloom_filter.desired_false_positive_rate": "0.0001",
        }
        command = [str(Path(sys.executable).with_name("dolma")), "dedupe", "--no-bloom_filter.read_only"]
        subprocess.run([*command, *(word for pair in options.items() for word in pair)], check=True)
        with gzip.open(folder / "attributes" / "copies" / documents.name, "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
    write(out, "dolma", "dropped", sorted(int(row["id"]) for row in rows if row["attributes"].get("copy")))


if __name__ == "__main__":
    main()
