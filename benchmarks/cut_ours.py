"""Cutting alone, by this project's own cutter, in a process of its own: what `qpdf --split-pages` does.

python benchmarks/cut_ours.py FILE PAGES FOLDER

Prints JSON: seconds of the clock and of CPU without the start of Python, which a worker pays once.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from extractors.base import CutOptions
from extractors.pdf.cut import pdf_cutter


def main(source: Path, step: int, folder: Path) -> None:
    """Cut and print."""
    begin, used = time.perf_counter(), time.process_time()
    options = CutOptions(media_type="application/pdf", source_name="x")
    with source.open("rb") as file, pdf_cutter(file, options) as cutter:
        for first in range(1, cutter.page_count + 1, step):
            with (folder / f"{first:05}.pdf").open("w+b") as out:
                cutter.cut(first, min(first + step - 1, cutter.page_count), out)
    print(json.dumps({"wall_s": time.perf_counter() - begin, "cpu_s": time.process_time() - used}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
