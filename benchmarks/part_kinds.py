"""Which pages need OCR: accuracy on the labelled pages of the corpus, next to pdf-inspector and OCRmyPDF.

A page needs OCR when text that is to be seen is missing from its text layer; pages labelled by eye as having part of
it, or next to none, count for nobody. pdf-inspector names the pages that need OCR; OCRmyPDF with --skip-text reads
those without any text. The rules of this project were made with this corpus in view, those of the peers were not. Kinds
of pages (text, scan, hybrid, image, blank) are told by this project alone.
"""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

from frame import PREFLIGHT, Goal, Result, Table, interleaved, ratio, run, spread

if TYPE_CHECKING:
    from bench import Bench, Label

KINDS = {
    "born-digital": "text",
    "vector-text": "text",
    "scanned": "scan",
    "hybrid": "hybrid",
    "image-heavy": "image",
    "blank": "blank",
    "not-renderable": "unreadable",
}
PEERS = {"pdf-inspector": "pdf-inspector-kinds", "ocrmypdf": "ocrmypdf-kinds"}
LEAST_ACCURACY = 0.95
Pages = list[set[int] | None]


def measure(bench: Bench) -> Result:
    """Run the part."""
    result = Result("kinds", "Which pages need OCR", (__doc__ or "").split("\n\n", 1)[1])
    result.versions = bench.peers.versions(*PEERS)
    labels = [label for label in bench.labels() if label.kinds]
    files = [str(label.path) for label in labels]
    tasks = {"preflight check": [*PREFLIGHT, "check", *files, "--json", "--exit-zero"]}
    tasks |= {name: bench.peers.command(task, *files) for name, task in PEERS.items() if bench.peers.has(name)}
    rounds = result.rounds = bench.rounds if bench.extent == "all" else 1
    runs = interleaved({name: lambda todo=todo: run(todo, keep=True) for name, todo in tasks.items()}, rounds)
    reports = json.loads(runs["preflight check"][0].output)
    found: dict[str, Pages] = {
        name: [None if pages is None else set(pages) for pages in json.loads(done[0].output)]
        for name, done in runs.items()
        if name in PEERS
    }
    units = [report["facts"]["units"] if report["facts"] else None for report in reports]
    found["preflight check"] = [
        None if some is None else {unit["number"] for unit in some if unit["needs_ocr"]} for some in units
    ]
    columns = (
        "tool",
        "pages",
        "right",
        "of those that need it, found",
        "of those named, need it",
        "CPU s",
        "ours : its",
    )
    table = Table(f"Labelled pages of {len(files)} files", columns)
    for name, pages in sorted(found.items(), key=lambda pair: pair[0] != "preflight check"):
        counted = compared(labels, pages)
        cpu = spread([one.cpu_s for one in runs[name]])
        table.rows.append((name, *told(*counted), cpu, f"{ratio(runs['preflight check'], runs[name]):.2f}"))
        if name == "preflight check":
            share = (counted[0] + counted[3]) / sum(counted)
            what = "Pages that need OCR, told right"
            result.goals.append(Goal(what, f"≥ {LEAST_ACCURACY:.0%}", f"{share:.1%}", share >= LEAST_ACCURACY))
    result.tables += [table, kinds(labels, units)]
    return result


def compared(labels: list[Label], found: Pages) -> tuple[int, int, int, int]:
    """Pages needing OCR and found, wrongly named, missed, and rightly left; a file that was not read is all missed."""
    hits = false = missed = left = 0
    for label, pages in zip(labels, found, strict=True):
        for page in label.said["pages_visual"]:
            needs, named = page["needs_ocr"], pages is not None and page["page"] in pages
            if needs is True:
                hits, missed = hits + named, missed + (not named)
            elif needs is False:
                false, left = false + named, left + (not named)
    return hits, false, missed, left


def told(hits: int, false: int, missed: int, left: int) -> tuple[str, str, str, str]:
    """The cells of a tool."""
    pages = hits + false + missed + left
    recall, precision = hits / max(1, hits + missed), hits / max(1, hits + false)
    return str(pages), f"{(hits + left) / pages:.1%}", f"{recall:.1%}", f"{precision:.1%}"


def kinds(labels: list[Label], units: list[list[dict[str, object]] | None]) -> Table:
    """How often the kind of a page is told as it was seen, by kind."""
    right: dict[str, list[bool]] = {}
    for label, some in zip(labels, units, strict=True):
        for page in label.said["pages_visual"]:
            accepted = {KINDS[name] for name in (page["label"], *page.get("also_accept", ()))}
            kind = some[page["page"] - 1]["kind"] if some else "unreadable"
            right.setdefault(page["label"], []).append(kind in accepted)
    rows = [(name, str(len(each)), f"{statistics.fmean(each):.1%}") for name, each in sorted(right.items())]
    every = [one for each in right.values() for one in each]
    rows.append(("all", str(len(every)), f"{statistics.fmean(every):.1%}"))
    return Table("Kind of a page told as it was seen, by this project", ("seen as", "pages", "right"), rows)
