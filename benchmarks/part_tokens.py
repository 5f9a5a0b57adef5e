"""Tokens: time of counting, and the estimate for pages that only OCR can read.

Time: the o200k tokens of the text of long documents, counted by `check` with all else it does, and by a program that
only counts an extracted text with toktok, which agrees with tiktoken (that one fetches its vocabulary from the network,
so it is not here). Estimate: what `check` foretells for the pages of scans from their pixels, against the tokens of the
text that OCR then gives; an image-only page has no other truth.
"""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

from frame import PREFLIGHT, Goal, Plot, Result, Table, interleaved, quantile, ratio, run, spread
from ocr_ours import recognized
from plain_pages import write_plain_pdf
from scans import write_scan

from preflight.model import Range
from preflight.sight import guessed_tokens
from preflight.vocabulary import counter

if TYPE_CHECKING:
    from bench import Bench

MOST_PAGES = {"trial": 1, "subset": 3, "all": 20}
LEAST_TOKENS = 20


def measure(bench: Bench) -> Result:
    """Run the part."""
    result = Result("tokens", "Tokens: time, and the estimate before OCR", (__doc__ or "").split("\n\n", 1)[1])
    result.rounds = bench.rounds
    result.versions = bench.peers.versions("toktok-rs", "splintr-rs", "tesserocr")
    timed(bench, result)
    estimated(bench, result)
    return result


def timed(bench: Bench, result: Result) -> None:
    """CPU of a check beside counting alone."""
    pages = 100 if bench.extent == "trial" else 1000
    source = bench.make(f"plain-{pages}.pdf", lambda path: write_plain_pdf(path, pages))
    text = bench.folder / "text.txt"
    text.write_bytes(run([*PREFLIGHT, "text", str(source), "--ocr", "never"], keep=True).output)
    tasks = {"preflight check": [*PREFLIGHT, "check", str(source), "--json", "--exit-zero"]}
    if bench.peers.has("toktok-rs"):
        tasks["toktok, the text alone"] = bench.peers.command("count-tokens", text)
    runs = interleaved({name: lambda todo=todo: run(todo, keep=True) for name, todo in tasks.items()}, bench.rounds)
    table = Table(f"{pages:,} plain pages", ("tool", "CPU s", "tokens", "CPU of check : its"))
    for name, done in runs.items():
        told = json.loads(done[0].output)
        count = told["tokens"] if "tokens" in told else told["estimate"]["tokens"]["likely"]
        beside = f"{ratio(runs['preflight check'], done):.1f}"
        table.rows.append((name, spread([one.cpu_s for one in done]), f"{count:,}", beside))
    table.note = "The text as extracted has line ends and page breaks, which count a few tokens more."
    result.tables.append(table)


def estimated(bench: Bench, result: Result) -> None:
    """Tokens foretold from the pixels against tokens of the text OCR gives, page by page."""
    files = bench.some([label.path for label in bench.labels() if "scanned" in label.kinds], 2)
    for dpi, rows in ((150, 18), (200, 54), (300, 36)):
        files.append(bench.make(f"rows-{rows}.pdf", lambda path, at=dpi, n=rows: write_scan(path, 1, dpi=at, rows=n)))
    wanted = []
    for path, report in zip(files, bench.reports(files), strict=True):
        units = [unit for unit in report["facts"]["units"] if unit["needs_ocr"] and unit.get("text_guess")]
        if 0 < len(units) <= MOST_PAGES[bench.extent]:
            wanted.append((path, units))
    read = recognized(bench, [(path, [unit["number"] for unit in units]) for path, units in wanted])
    found = []
    for (path, units), one in zip(wanted, read, strict=True):
        for unit, text in zip(units, one[0] if one else (), strict=bool(one)):
            guess = guessed_tokens(Range(**unit["text_guess"]), None)
            (tokens,) = counter("o200k").count([text])
            found.append((f"{path.stem} {unit['number']}", guess.low, guess.likely, guess.high, tokens))
    result.data["pages"] = found
    tell(result, found)


def tell(result: Result, found: list[tuple[str, int, int, int, int]]) -> None:
    """Add the table, the plot and the goal."""
    worded = [one for one in found if one[4] >= LEAST_TOKENS]
    off = [abs(likely - tokens) / tokens for _, _, likely, _, tokens in worded]
    inside = sum(low <= tokens <= high for _, low, _, high, tokens in found)
    columns = ("pages", "within low–high", "likely off by, median", "p90", "sum foretold", "sum of the text")
    sums = (f"{sum(one[2] for one in found):,}", f"{sum(one[4] for one in found):,}")
    middle, tail = statistics.median(off), quantile(off, 0.9)
    cells = (str(len(found)), f"{inside} ({inside / len(found):.0%})", f"{middle:.0%}", f"{tail:.0%}", *sums)
    note = f"Off by: among pages with at least {LEAST_TOKENS} tokens, of which there are {len(worded)}."
    result.tables.append(Table("Tokens of scanned pages before OCR", columns, [cells], note))
    axes = ("tokens foretold (likely)", "tokens of the OCR text")
    series = {"one page": [(float(one[2]), float(one[4])) for one in found]}
    title = "Tokens of scanned pages, foretold and found"
    result.plots.append(Plot("tokens", title, *axes, series, log="xy", diagonal=True))
    measured = f"{inside / len(found):.0%} within the interval, median error {middle:.0%}"
    result.goals.append(Goal("Tokens of pages that need OCR", "none set", measured, None))
