"""Splitting next to qpdf, pikepdf, pypdf and PDFium: time, bytes, memory, and what survives.

What the peers do is cutting alone; `cutting alone` is that part of ours, in a process that is already there. The whole
command also reads the document, takes fingerprints of all pages, holds the pieces against them, and writes a manifest.
Survives: text of all pages the same, links that lead to a page of the same piece, outline entries, form fields; counted
in the pieces, of those a piece can have. The tools get the same ranges.
"""

from __future__ import annotations

import json
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from frame import PREFLIGHT, Goal, Result, Run, Table, interleaved, megabytes, ratio, run, spread
from made import born_digital, paper_scan, pictured_docx, shared_resources
from split_kept import kept_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench import Bench

HERE = Path(__file__).parent
WHOLE, CUT, QPDF = "preflight split", "cutting alone", "qpdf"
SCANNED_PAGES = {"trial": (), "subset": (30, 300), "all": (30, 300, 1300)}
LIBRARIES = {"pikepdf": "pikepdf-split", "pypdf": "pypdf-split", "pypdfium2": "pypdfium2-split"}
MOST_OF_QPDF_BYTES, MOST_OF_QPDF_WALL, MOST_BYTES = 1.02, 1.3, 250e6


def measure(bench: Bench) -> Result:
    """Run the part."""
    result = Result("split", "Split: time, bytes, memory, completeness", (__doc__ or "").split("\n\n", 1)[1])
    result.versions = bench.peers.versions("qpdf", *LIBRARIES)
    few = bench.extent == "trial"
    digital = bench.make(f"digital-{20 if few else 1000}.pdf", lambda path: born_digital(path, 20 if few else 1000))
    compared(bench, "1,000 born-digital pages in 20", digital, 5 if few else 50, result, bench.rounds)
    if not few:
        once = bench.rounds if bench.extent == "all" else 1
        shared = bench.make("shared-500.pdf", shared_resources)
        compared(bench, "500 pages, one dictionary of all pictures, in 10", shared, 50, result, once)
        scan = bench.make("paper-300.pdf", lambda path: paper_scan(path, 300))
        compared(bench, "300 scanned pages in 15", scan, 20, result, once)
    pictures = 20 if few else 500
    docx = bench.make(f"pictures-{pictures}.docx", lambda path: pictured_docx(path, pictures))
    flowing(bench, docx, result)
    grown(bench, result)
    return result


def tools(bench: Bench, source: Path, step: int) -> dict[str, Callable[..., Run]]:
    """Ways to cut a PDF every so many pages into the folder of their name."""

    def whole(**looks: bool) -> Run:
        out = fresh(bench.folder / WHOLE)
        return run([*PREFLIGHT, "split", str(source), "-o", str(out), "--max-pages", str(step)], **looks)

    def cut() -> Run:
        out = fresh(bench.folder / CUT)
        command = [sys.executable, str(HERE / "cut_ours.py"), str(source), str(step), str(out)]
        took = json.loads(run(command, keep=True).output)
        return Run(took["wall_s"], took["cpu_s"])

    def qpdf(**looks: bool) -> Run:
        out = fresh(bench.folder / QPDF)
        return run(["qpdf", f"--split-pages={step}", str(source), str(out / "q.pdf")], **looks)

    def library(name: str, **looks: bool) -> Run:
        out = fresh(bench.folder / name)
        return run(bench.peers.command(LIBRARIES[name], source, str(step), out), **looks)

    found: dict[str, Callable[..., Run]] = {WHOLE: whole, CUT: cut}
    if bench.peers.has(QPDF):
        found[QPDF] = qpdf
    return found | {name: partial(library, name) for name in LIBRARIES if bench.peers.has(name)}


def fresh(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def compared(bench: Bench, name: str, source: Path, step: int, result: Result, rounds: int) -> None:
    """Let the tools take turns; look at what they wrote."""
    found = tools(bench, source, step)
    runs = interleaved(found, rounds)
    columns = ("tool", "wall s", "CPU s", "CPU : qpdf", "bytes : input", "MB", "text", "links", "outline", "fields")
    table = Table(f"{name} ({megabytes(source.stat().st_size)} MB), rounds: {rounds}", columns)
    sizes: dict[str, int] = {}
    for tool, done in runs.items():
        pieces = sorted((bench.folder / tool).glob("*.pdf"))
        sizes[tool] = sum(piece.stat().st_size for piece in pieces)
        of_input = sizes[tool] / source.stat().st_size
        kept = kept_in(source, pieces, step)
        memory = "–" if tool == CUT else megabytes(found[tool](memory=True).peak_bytes)
        times = (spread([one.wall_s for one in done]), spread([one.cpu_s for one in done]))
        beside = f"{ratio(done, runs[QPDF]):.2f}" if QPDF in runs else "–"
        table.rows.append((tool, *times, beside, f"{of_input:.2f}", memory, *kept))
    result.tables.append(table)
    for folder in found:
        shutil.rmtree(bench.folder / folder)
    if QPDF in runs:
        beside = sizes[WHOLE] / sizes[QPDF]
        what = f"Split, bytes of the pieces beside qpdf: {name}"
        result.goals.append(Goal(what, f"≤ {MOST_OF_QPDF_BYTES}", f"{beside:.2f}", beside <= MOST_OF_QPDF_BYTES))
        cut, whole = (ratio(runs[tool], runs[QPDF], "wall_s") for tool in (CUT, WHOLE))
        what = f"Split, wall time of cutting beside qpdf: {name}"
        measured = f"{cut:.2f} ({whole:.1f} for the whole command)"
        result.goals.append(Goal(what, f"≤ {MOST_OF_QPDF_WALL}", measured, cut <= MOST_OF_QPDF_WALL))


def flowing(bench: Bench, source: Path, result: Result) -> None:
    """A DOCX of pictures, for which there is no peer."""
    columns = ("document", "pieces", "wall s", "CPU s", "bytes : input", "peak MB")
    size = source.stat().st_size
    out = bench.folder / "docx"
    command = [*PREFLIGHT, "split", str(source), "-o", str(out), "--max-bytes", str(size // 10 + 40_000), "--force"]
    runs = [run(command) for _ in range(bench.rounds)]
    memory = run(command, memory=True).peak_bytes
    pieces = list(out.glob("*.docx"))
    total = sum(piece.stat().st_size for piece in pieces)
    times = (spread([one.wall_s for one in runs]), spread([one.cpu_s for one in runs]))
    name = f"DOCX with pictures, {megabytes(size)} MB"
    cells = (name, str(len(pieces)), *times, f"{total / size:.2f}", megabytes(memory))
    result.tables.append(Table("A DOCX cut in ten by bytes", columns, [cells]))
    result.goals.append(Goal(f"Split, memory: {name}", "≤ 250 MB", f"{megabytes(memory)} MB", memory <= MOST_BYTES))


def grown(bench: Bench, result: Result) -> None:
    """Memory over the size of a scan, cut in 15."""
    columns = ("scan, MB", "peak MB of all processes", "wall s", "CPU s")
    table = Table("Memory over the size of the file", columns)
    for pages in SCANNED_PAGES[bench.extent]:
        source = bench.make(f"paper-{pages}.pdf", lambda path, n=pages: paper_scan(path, n))
        out = fresh(bench.folder / "grown")
        command = [*PREFLIGHT, "split", str(source), "-o", str(out), "--max-pages", str(-(-pages // 15))]
        done = run(command, memory=True)
        size = megabytes(source.stat().st_size)
        table.rows.append((size, megabytes(done.peak_bytes), f"{done.wall_s:.1f}", f"{done.cpu_s:.1f}"))
        shutil.rmtree(out)
    result.tables.append(table)
