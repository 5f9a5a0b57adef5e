"""Are the seconds of OCR on this machine foretold rightly? `estimate.local_seconds` against what OCR takes.

Documents of the corpus with pages that need OCR, and generated scans at 150, 200 and 300 dpi. Foretold is what `check`
says before any OCR; measured is the CPU one worker takes for these pages with its model loaded. A document is within
its interval when what it took is between low and high.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from frame import Goal, Plot, Result, Table, quantile
from ocr_ours import recognized
from scans import write_scan

if TYPE_CHECKING:
    from bench import Bench

MOST_PAGES = {"trial": 2, "subset": 3, "all": 50}


def measure(bench: Bench) -> Result:
    """Run the part."""
    result = Result("seconds", "Seconds of OCR here: foretold and measured", (__doc__ or "").split("\n\n", 1)[1])
    result.versions = bench.peers.versions("tesserocr", "pypdfium2")
    files = bench.some([label.path for label in bench.labels() if label.kinds - {"born-digital", "blank"}], 1, 8)
    files += [
        bench.make(f"dense-{dpi}.pdf", lambda path, at=dpi: write_scan(path, 2, dpi=at)) for dpi in (150, 200, 300)
    ]
    wanted, said = [], []
    for path, report in zip(files, bench.reports(files), strict=True):
        units = report["facts"]["units"] if report["facts"] else []
        needed = [unit["number"] for unit in units if unit["needs_ocr"]]
        if 0 < len(needed) <= MOST_PAGES[bench.extent]:
            wanted.append((path, needed))
            said.append(report["estimate"]["local_seconds"])
    rows = [
        (path.stem, len(needed), told["low"], told["likely"], told["high"], round(read[1], 2))
        for (path, needed), told, read in zip(wanted, said, recognized(bench, wanted), strict=True)
        if read is not None
    ]
    result.data["documents"] = rows
    tell(result, rows)
    return result


def tell(result: Result, rows: list[tuple[str, int, float, float, float, float]]) -> None:
    """Add the table of errors, the worst documents, the plot and the goals."""
    errors = [abs(likely - took) / took for _, _, _, likely, _, took in rows]
    inside = sum(low <= took <= high for _, _, low, _, high, took in rows)
    over = sum(took > high for *_, high, took in rows)
    middle, tail = statistics.median(errors), quantile(errors, 0.9)
    foretold, measured = sum(row[3] for row in rows), sum(row[5] for row in rows)
    result.tables.append(
        Table(
            "Error of the likely figure, as a part of what was measured",
            ("documents", "pages", "median", "p90", "within low–high", "over high", "sum foretold", "sum measured"),
            [
                (
                    *(str(len(rows)), str(sum(row[1] for row in rows)), f"{middle:.0%}", f"{tail:.0%}"),
                    *(f"{inside / len(rows):.0%}", str(over), f"{foretold:.1f} s", f"{measured:.1f} s"),
                )
            ],
        )
    )
    worst = sorted(zip(errors, rows, strict=True), reverse=True)[:8]
    columns = ("document", "pages", "low", "likely", "high", "measured s")
    told = [(name, str(pages), *(f"{value:.2f}" for value in rest)) for _, (name, pages, *rest) in worst]
    result.tables.append(Table("Farthest off", columns, told))
    points = {"one document": [(row[3], row[5]) for row in rows]}
    title = "Seconds of OCR, one point a document"
    axes = ("seconds foretold (likely)", "seconds measured")
    result.plots.append(Plot("seconds", title, *axes, points, log="xy", diagonal=True))
    result.goals.append(
        Goal("Seconds of OCR here", "none set", f"median error {middle:.0%}, p90 {tail:.0%}, {over} over high", None)
    )
