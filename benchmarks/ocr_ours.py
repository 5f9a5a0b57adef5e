"""Our side of the OCR measurements: one process, as a worker is, recognizes pages of many files.

    python benchmarks/ocr_ours.py LIST

LIST is a JSON file of pairs: path of a PDF, numbers of pages. Prints a line of JSON for each: the texts and the seconds
of CPU, or null where the document cannot be opened. A page read beforehand loads the model and the libraries.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from extractors.base import ReadOptions
from extractors.errors import ExtractionError
from extractors.ocr import choose_engine
from extractors.ocr.work import recognize_units
from extractors.registry import PDF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench import Bench

SMALL = Path(__file__).resolve().parents[1] / "samples" / "scan.pdf"


def recognized(bench: Bench, wanted: Sequence[tuple[Path, Sequence[int]]]) -> list[tuple[list[str], float] | None]:
    """Let such a process read pages; the texts and the seconds of CPU for each document."""
    from frame import run

    listed = bench.folder / "ocr.json"
    listed.write_text(json.dumps([(str(path), list(numbers)) for path, numbers in wanted]), encoding="utf-8")
    done = run([sys.executable, __file__, str(listed)], keep=True)
    if done.code:
        sys.exit("OCR of the benchmark's documents failed: run benchmarks/ocr_ours.py by itself to see why")
    found = map(json.loads, done.output.splitlines())
    return [None if one is None else (one["texts"], one["cpu_s"]) for one in found]


def main(listed: str) -> None:
    """Recognize and print."""
    engine = choose_engine("tesserocr", ("eng",))

    def read(path: Path, numbers: Sequence[int]) -> list[str]:
        options = ReadOptions(media_type=PDF)
        with path.open("rb") as file:
            found = recognize_units(file, options, tuple(numbers), engine=engine, languages=("eng",), timeout_s=300)
            return [unit.text.plain for unit in found]

    read(SMALL, (1,))
    for name, numbers in json.loads(Path(listed).read_text(encoding="utf-8")):
        begin = time.process_time()
        try:
            texts = read(Path(name), numbers)
        except ExtractionError:
            print("null", flush=True)
        else:
            print(json.dumps({"texts": texts, "cpu_s": time.process_time() - begin}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
