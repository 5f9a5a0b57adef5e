"""Results → docs/benchmarks.md and its plots. Figures come from benchmarks/results only; nothing is typed in here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chart import svg
from frame import PROJECT, RESULTS, Plot

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = PROJECT / "docs" / "benchmarks.md"
PLOTS = PROJECT / "docs" / "benchmarks"
_QUIET_LOAD = 0.7
_INTRODUCTION = """# Benchmarks

Written by `make bench` (a subset, under 15 minutes on two quiet cores) or `make bench-full`; the figures are in
`benchmarks/results`, what each part does is told at the head of its module in `benchmarks/`. Peers come from PyPI in
pinned versions, in an environment of their own; one that could not be installed is said to be absent.

Unless a table says otherwise: medians with the least and greatest in brackets; CPU is user + system of the whole
process tree with its start; ratios are medians over pairs of one round, in which tools take turns; memory is the
highest sum over all processes of what no file stands behind.
"""


def write_report(parts: tuple[str, ...]) -> None:
    """Write the report of all parts that have a result."""
    PLOTS.mkdir(parents=True, exist_ok=True)
    kept = [RESULTS / f"{part}.json" for part in parts]
    results = [json.loads(path.read_text(encoding="utf-8")) for path in kept if path.exists()]
    lines = [_INTRODUCTION, *_goals(results)]
    for number, result in enumerate(results, 1):
        lines += [*_part(number, result)]
    DOCUMENT.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _goals(results: list[dict[str, object]]) -> Iterator[str]:
    yield "## Goals\n"
    yield "goal | to reach | measured | reached"
    yield "--- | --- | --- | ---"
    words = {True: "yes", False: "**no**", None: "–"}
    for result in results:
        for goal in result["goals"]:
            yield f"{goal['what']} | {goal['goal']} | {goal['measured']} | {words[goal['met']]}"
    yield ""


def _part(number: int, result: dict[str, object]) -> Iterator[str]:
    yield f"## {number}. {result['title']}\n"
    yield f"{result['about'].strip()}\n"
    for table in result["tables"]:
        yield f"**{table['title']}**\n"
        yield " | ".join(table["columns"])
        yield " | ".join("---" for _ in table["columns"])
        for row in table["rows"]:
            yield " | ".join(row)
        yield f"\n{table['note']}\n" if table["note"] else ""
    for plot in (Plot(**fields) for fields in result["plots"]):
        (PLOTS / f"{plot.file}.svg").write_text(svg(plot), encoding="utf-8")
        yield f"![{plot.title}](benchmarks/{plot.file}.svg)\n"
    yield _circumstances(result)


def _circumstances(result: dict[str, object]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    rounds = f"{result['rounds']} rounds, " if result["rounds"] else ""
    others = f", **with {result['load']} cores busy before: not a quiet machine**"
    busy = others if result["load"] > _QUIET_LOAD else ""
    extent = "all" if result["extent"] == "all" else "the subset"
    return (
        f"*{result['date']}, {extent}, {rounds}{result['took_s']} s; {result['machine']}; {result['system']}{busy}. "
        f"{versions}.*\n"
    )
