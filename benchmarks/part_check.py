"""What `preflight check` costs next to tools that read text or classify.

`check` gives facts, kinds of pages, tokens, limits and a plan; the peers give text alone, or kinds alone.
Fast tools get every born-digital PDF of the corpus each round, slow ones one of eight once. Cost is also measured
over the number of pages (generated plain text, where poppler is at its best) and over the size of the file (scans), and
from nothing to the report on one page, beside an interpreter that does nothing.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from frame import PREFLIGHT, Goal, Plot, Result, Run, Table, interleaved, megabytes, ratio, run, spread
from made import paper_scan
from plain_pages import write_plain_pdf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bench import Bench

TARGET = "openai-api-file-input"
OURS, START = "preflight check", "one page"
FAST = {"pypdfium2": "pypdfium2-text", "kreuzberg": "kreuzberg-text", "pdf-inspector (kinds)": "pdf-inspector-kinds"}
SLOW = {"pypdf": "pypdf-text", "pdfplumber": "pdfplumber-text", "markitdown": "markitdown-text"}
SAMPLE_EVERY = 8
MOST_OF_POPPLER, MOST_OF_KREUZBERG, MOST_BYTES, MOST_START_S = 1.0, 0.9, 250e6, 0.6
MOST_FOR_PEER = 1000
PAGES = {"trial": (1, 10), "subset": (1, 10, 100, 1000, 10_000), "all": (1, 10, 100, 1000, 3000, 10_000)}
SCANNED_PAGES = {"trial": (20,), "subset": (30, 300), "all": (30, 300, 1300)}


def measure(bench: Bench) -> Result:
    """Run the part."""
    result = Result("check", "Check: CPU, growth, start, memory", (__doc__ or "").split("\n\n", 1)[1])
    result.rounds = bench.rounds
    result.versions = bench.peers.versions(
        *("pypdfium2", "pdftotext", "kreuzberg", "pdf-inspector", "pypdf", "pdfplumber", "markitdown")
    )
    digital = [label.path for label in bench.labels() if label.kinds == {"born-digital"}]
    digital = bench.some(digital, 2)
    real = f"{len(digital)} born-digital files of the corpus"
    result.tables.append(compared(bench, real, digital, digital[::SAMPLE_EVERY], result))
    thousand = bench.make("plain-1000.pdf", lambda path: write_plain_pdf(path, 1000))
    if bench.extent != "trial":
        result.tables.append(compared(bench, "1,000 plain pages in one file", [thousand], [], result))
    grown(bench, result)
    started(bench, result)
    return result


def check(files: Sequence[Path]) -> list[str]:
    """The command that checks files."""
    return [*PREFLIGHT, "check", *map(str, files), "--for", TARGET, "--json", "--exit-zero"]


def commands(bench: Bench, files: Sequence[Path], tools: Mapping[str, str]) -> dict[str, list[list[str]]]:
    """The commands of each tool that is there; pdftotext takes one file at a time."""
    found = {OURS: [check(files)]}
    if tools is FAST and bench.peers.has("pdftotext"):
        found["pdftotext"] = [["pdftotext", str(file), "/dev/null"] for file in files]
    packages = {name: name.split(" ", maxsplit=1)[0] for name in tools}
    return found | {
        name: [bench.peers.command(task, *files)] for name, task in tools.items() if bench.peers.has(packages[name])
    }


def all_of(commands_: list[list[str]], *, memory: bool = False) -> Run:
    """Run commands one after another as if they were one."""
    runs = [run(command, memory=memory) for command in commands_]
    return Run(
        sum(one.wall_s for one in runs),
        sum(one.cpu_s for one in runs),
        max(one.code for one in runs),
        max(one.peak_bytes for one in runs),
    )


def compared(bench: Bench, name: str, files: list[Path], sample: list[Path], result: Result) -> Table:
    """Let the tools take turns on files; the slow ones on a sample."""
    pages = {file: report["facts"]["unit_count"] for file, report in zip(files, bench.reports(files), strict=True)}
    columns = ("tool", "CPU s", "pages a CPU second", "our CPU : its CPU", "ours without start : its", "peak MB")
    one = bench.make("plain-1.pdf", lambda path: write_plain_pdf(path, 1))
    table = Table(f"{name}, {sum(pages.values()):,} pages", columns)
    groups = [(FAST, files, bench.rounds), *([(SLOW, sample, 1)] if sample else [])]
    for tools, given, rounds in groups:
        tasks = commands(bench, given, tools)
        timed = tasks | {START: [check([one])]}
        runs = interleaved({tool: lambda todo=todo: all_of(todo) for tool, todo in timed.items()}, rounds)
        starts = runs.pop(START)
        apart = [replace(mine, cpu_s=mine.cpu_s - start.cpu_s) for mine, start in zip(runs[OURS], starts, strict=True)]
        count = sum(pages[file] for file in given)
        for tool, done in runs.items():
            if tools is SLOW and tool == OURS:
                continue
            cpu = [one.cpu_s for one in done]
            peak = megabytes(all_of(tasks[tool], memory=True).peak_bytes) if not sample else "–"
            sampled = f" ({count} pages)" if tools is SLOW else ""
            failed = " (failed on some)" if any(one.code for one in done) else ""
            speed = f"{count / statistics.median(cpu):.0f}"
            parts = (f"{ratio(runs[OURS], done):.2f}", f"{ratio(apart, done):.2f}")
            table.rows.append((tool + sampled + failed, spread(cpu), speed, *parts, peak))
        if tools is FAST:
            result.data[name] = {tool: [one.cpu_s for one in done] for tool, done in runs.items()}
            for tool, most in (("pdftotext", MOST_OF_POPPLER), ("kreuzberg", MOST_OF_KREUZBERG)):
                if tool in runs:
                    whole, reached = ratio(runs[OURS], runs[tool]), ratio(apart, runs[tool])
                    what = f"Check, CPU a page beside {tool}, our start left out: {name}"
                    measured = f"{reached:.2f} ({whole:.2f} with our start)"
                    result.goals.append(Goal(what, f"≤ {most}", measured, reached <= most))
    return table


def grown(bench: Bench, result: Result) -> None:
    """Cost and memory over pages and over bytes, each once, with memory looked at."""
    columns = ("file", "MB", "CPU s", "CPU ms a page", "peak MB of all processes")
    table = Table("Growth with pages and with size", columns)
    ours, theirs, peaks = [], [], []
    for pages in PAGES[bench.extent]:
        file = bench.make(f"plain-{pages}.pdf", lambda path, n=pages: write_plain_pdf(path, n))
        done = run(check([file]), memory=True)
        table.rows.append(row(f"{pages:,} plain pages", file, done, pages))
        ours.append((float(pages), done.cpu_s))
        peaks.append(done.peak_bytes)
        if bench.peers.has("pdftotext") and (pages <= MOST_FOR_PEER or bench.extent == "all"):
            theirs.append((float(pages), run(["pdftotext", str(file), "/dev/null"]).cpu_s))
    for pages in SCANNED_PAGES[bench.extent]:
        file = bench.make(f"paper-{pages}.pdf", lambda path, n=pages: paper_scan(path, n))
        done = run(check([file]), memory=True)
        table.rows.append(row(f"{pages:,} scanned pages", file, done, pages))
        peaks.append(done.peak_bytes)
    result.tables.append(table)
    series = {OURS: ours, **({"pdftotext": theirs} if theirs else {})}
    title = "CPU over the number of pages"
    result.plots.append(Plot("check-pages", title, "pages", "seconds of CPU", series, log="xy", lines=True))
    most = max(peaks)
    what = f"Check, memory up to {PAGES[bench.extent][-1]:,} pages and {table.rows[-1][1]} MB"
    result.goals.append(Goal(what, "≤ 250 MB", f"{megabytes(most)} MB", most <= MOST_BYTES))
    if bench.extent != "trial":
        at = dict(ours)
        each = [(at[pages] - at[1]) / (pages - 1) for pages in (1000, 10_000)]
        linear = each[1] / each[0]
        what = "Check, cost of a page at 10,000 pages beside that at 1,000"
        result.goals.append(Goal(what, "linear: ≤ 1.1", f"{linear:.2f}", linear <= 1.1))


def row(name: str, file: Path, done: Run, pages: int) -> tuple[str, ...]:
    """A row of the table of growth."""
    size = megabytes(file.stat().st_size)
    return name, size, f"{done.cpu_s:.2f}", f"{done.cpu_s * 1000 / pages:.1f}", megabytes(done.peak_bytes)


def started(bench: Bench, result: Result) -> None:
    """From nothing to the report on one page."""
    file = bench.make("plain-1.pdf", lambda path: write_plain_pdf(path, 1))
    tasks = {
        "python -c pass": [sys.executable, "-c", "pass"],
        **{
            f"check --for {target}": [*PREFLIGHT, "check", str(file), "--for", target, "--exit-zero"]
            for target in ("anthropic-messages", TARGET)
        },
    }
    rounds = {"trial": 2, "subset": 9, "all": 21}[bench.extent]
    runs = interleaved({name: lambda todo=todo: run(todo) for name, todo in tasks.items()}, rounds)
    table = Table(f"Cold start on one page, {rounds} rounds", ("command", "wall s", "CPU s", "CPU : python -c pass"))
    for name, done in runs.items():
        wall, cpu = [one.wall_s for one in done], [one.cpu_s for one in done]
        beside = ratio(done, runs["python -c pass"])
        table.rows.append((name, spread(wall, 3), spread(cpu, 3), f"{beside:.1f}"))
    result.tables.append(table)
    result.data["cold start"] = {name: [one.wall_s for one in done] for name, done in runs.items()}
    slowest = max(statistics.median(one.wall_s for one in done) for done in runs.values())
    result.goals.append(Goal("Check, cold start", "< 0.6 s", f"{slowest:.2f} s", slowest < MOST_START_S))
