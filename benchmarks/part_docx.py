"""DOCX: seconds, memory and completeness next to kreuzberg, markitdown, docx2txt and python-docx.

Time on a generated document of 2,000 pages or so (6.7 million characters). Completeness on one that says a known word
in each place where text can stand; a tool has it when the word is in what it gives. python-docx gives body and tables
as its documentation shows them, though more can be asked of it place by place.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from docx_places import PLACES, write_places
from frame import PREFLIGHT, Goal, Result, Table, interleaved, megabytes, ratio, run, spread
from made import WORDS

if TYPE_CHECKING:
    from pathlib import Path

    from bench import Bench

OURS = "preflight text"
PEERS = {
    "kreuzberg": "kreuzberg-text",
    "docx2txt": "docx2txt-text",
    "python-docx": "python-docx-text",
    "markitdown": "markitdown-text",
}
SLOW = ("python-docx", "markitdown")
MOST_OF_KREUZBERG = 1.0
CHECK = "preflight check"
START = "start of "


def measure(bench: Bench) -> Result:
    """Run the part."""
    result = Result("docx", "DOCX: time, memory, completeness", (__doc__ or "").split("\n\n", 1)[1], bench.rounds)
    result.versions = bench.peers.versions(*PEERS)
    paragraphs = 300 if bench.extent == "trial" else 12_000
    source = bench.make(f"long-{paragraphs}.docx", lambda path: long_docx(path, paragraphs))
    timed(bench, source, result)
    complete(bench, result)
    return result


def long_docx(path: Path, paragraphs: int) -> None:
    """Write paragraphs of some 560 characters, a heading to every 40 of them."""
    import docx

    dice = random.Random(4)  # noqa: S311 - the same words every time
    document = docx.Document()
    for number in range(paragraphs):
        if number % 40 == 0:
            document.add_heading(f"Part {number // 40 + 1}", level=1)
        document.add_paragraph(" ".join(dice.choices(WORDS, k=90)))
    document.save(str(path))


def commands(bench: Bench, source: Path) -> dict[str, list[str]]:
    """What each tool runs to give the text; `check` besides, which gives none."""
    ours = {
        OURS: [*PREFLIGHT, "text", str(source), "--ocr", "never"],
        CHECK: [*PREFLIGHT, "check", str(source), "--json", "--exit-zero"],
    }
    peers = {name: bench.peers.command(task, source) for name, task in PEERS.items() if bench.peers.has(name)}
    return ours | peers


def timed(bench: Bench, source: Path, result: Result) -> None:
    """Time and memory on the long document; the slow ones once, with memory."""
    todo = commands(bench, source)
    slow = {name: todo.pop(name) for name in SLOW if name in todo}
    small = bench.make("long-1.docx", lambda path: long_docx(path, 1))
    starts = {START + name: command for name, command in commands(bench, small).items() if name in {OURS, CHECK}}
    runs = interleaved({name: partial(run, command) for name, command in (todo | starts).items()}, bench.rounds)
    started = {name: runs.pop(START + name) for name in (OURS, CHECK)}
    looked_at = {name: run(command, memory=True) for name, command in (todo | slow).items()}
    runs |= {name: [looked_at[name]] for name in slow}
    table = Table(
        f"A generated DOCX of {megabytes(source.stat().st_size)} MB",
        ("tool", "wall s", "CPU s", "CPU of preflight text : its", "CPU of preflight check : its", "peak MB"),
    )
    for name, done in runs.items():
        times = (spread([one.wall_s for one in done]), spread([one.cpu_s for one in done]))
        beside = [f"{ratio(runs[ours][: len(done)], done):.2f}" for ours in (OURS, CHECK)]
        table.rows.append((name, *times, *beside, megabytes(looked_at[name].peak_bytes)))
    result.tables.append(table)
    if "kreuzberg" in runs:
        for ours in (OURS, CHECK):
            pairs = zip(runs[ours], started[ours], strict=True)
            apart = [replace(mine, cpu_s=mine.cpu_s - start.cpu_s) for mine, start in pairs]
            part, whole = ratio(apart, runs["kreuzberg"]), ratio(runs[ours], runs["kreuzberg"])
            what = f"DOCX, CPU of {ours} beside kreuzberg, our start left out"
            measured = f"{part:.2f} ({whole:.2f} with our start)"
            result.goals.append(Goal(what, f"≤ {MOST_OF_KREUZBERG}", measured, part <= MOST_OF_KREUZBERG))


def complete(bench: Bench, result: Result) -> None:
    """Which places of a document each tool gives the text of."""
    source = bench.folder / "places.docx"
    write_places(source)
    todo = commands(bench, source)
    del todo[CHECK]
    said = {name: run(command, keep=True).output.decode("utf-8", "replace") for name, command in todo.items()}
    table = Table("Text of which places is given", ("place", *said))
    for place, word in PLACES.items():
        table.rows.append((place, *("yes" if word in text else "–" for text in said.values())))
    counts = {name: sum(word in text for word in PLACES.values()) for name, text in said.items()}
    table.rows.append(("**places**", *(str(count) for count in counts.values())))
    result.tables.append(table)
    if "kreuzberg" in counts:
        measured = f"{counts[OURS]} of {len(PLACES)} places, kreuzberg {counts['kreuzberg']}"
        met = counts[OURS] > counts["kreuzberg"]
        result.goals.append(Goal("DOCX, completeness", "more than kreuzberg", measured, met))
