"""Documents as long as books: time and memory, measured in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MEASURE = """
import json, sys, time
from docx_maker import docx, p, peak_kib, r
from extractors.base import ReadOptions
from extractors.docx.reader import DocxExtractor

def blocks():
    words = "Lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor " * 4
    style = "<w:pPr><w:pStyle w:val='Normal'/></w:pPr>"
    bold = r("and bold", "<w:b/>")
    return "".join(f"<w:p>{style}{r(f'{number} {words}')}{bold}</w:p>" for number in range(24_000))

def table():
    row = "<w:tr>" + "".join(f"<w:tc>{p('cell ' * 4)}</w:tc>" for _ in range(5)) + "</w:tr>"
    return f"<w:tbl><w:tblPr/>{row * 40_000}</w:tbl>"

path = sys.argv[2]
if sys.argv[1] != "read":
    open(path, "wb").write(docx({"blocks": blocks, "table": table}[sys.argv[1]]()))
else:
    with open(path, "rb") as file:
        count = chars = 0
        def sink(facts, text):
            global count, chars
            count += 1
            chars += facts.native_chars
        start = time.process_time()
        DocxExtractor().read(file, ReadOptions(media_type="application/x"), sink)
        seconds = time.process_time() - start
    peak = peak_kib() // 1024
    print(json.dumps({"seconds": seconds, "peak_mib": peak, "count": count, "chars": chars}))
"""


def measured(kind: str, path: Path) -> dict[str, float]:
    for mode in (kind, "read"):
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", MEASURE, mode, str(path)],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
            env={"PYTHONPATH": str(Path(__file__).parent)},
        )
    return dict(json.loads(run.stdout))


# Measured: 0.47 s and 54 MiB, 1.65 s and 102 MiB (200,000 cells). The bounds allow for slower and busy machines.
@pytest.mark.parametrize(("kind", "count", "seconds", "mib"), [("blocks", 24_000, 2.5, 90), ("table", 1, 8.0, 160)])
def test_two_thousand_pages_in_little_time_and_memory(
    tmp_path: Path, kind: str, count: int, seconds: float, mib: int
) -> None:
    told = measured(kind, tmp_path / f"{kind}.docx")
    assert told["count"] == count
    assert told["chars"] > 3_000_000
    assert told["seconds"] < seconds, told
    assert told["peak_mib"] < mib, told
