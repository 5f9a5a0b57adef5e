"""Our side of the OCR measurements, in a process of its own: recognizes units of a file and prints what it took.

    python benchmarks/ocr_ours.py FILE NUMBER[,NUMBER …] [MEDIA_TYPE]

Prints JSON: the texts, and the seconds of CPU from the first unit to the last, with the engine loaded beforehand, as
in a worker that is already there.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from extractors.base import ReadOptions
from extractors.ocr import choose_engine
from extractors.ocr.work import recognize_units
from extractors.registry import PDF


def main(path: str, numbers: str, media_type: str = PDF) -> None:
    """Recognize and print."""
    engine = choose_engine("tesserocr", ("eng",))
    engine.version()
    with Path(path).open("rb") as file:
        begin = time.process_time()
        units = tuple(map(int, numbers.split(",")))
        options = ReadOptions(media_type=media_type)
        found = list(recognize_units(file, options, units, engine=engine, languages=("eng",), timeout_s=300))
        took = time.process_time() - begin
    json.dump({"texts": [unit.text.plain for unit in found], "cpu_s": took}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
