"""What locking workers down costs: `check` over a folder with and without it, and whether the reports are the same.

    python benchmarks/sandbox.py [--rounds 3] [--workers 2] [FOLDER]

Without a folder, the corpus beside the project. Each round does every way once, in turn, over the same files; start-up
of the fork server and of Python is left out of all of them. Also prints the largest data segment (VmData, what
RLIMIT_DATA limits) and resident memory (VmHWM) of any worker, sampled every 5 ms, by which `memory_limit_bytes` was
chosen. Prints Markdown.
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from preflight.document import find_document
from preflight.execution import Inline
from preflight.isolation import Guard
from preflight.judging import Order, prepare
from preflight.pipeline import run_many
from preflight.settings import Settings
from preflight.slots import Slots
from preflight.wire import report_json

if TYPE_CHECKING:
    from preflight.execution import Executor
    from preflight.judging import Prepared

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
SUFFIXES = {".pdf", ".docx", ".docm", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".txt", ".md", ".csv", ".html"}
PRELOAD = ("preflight.tasks", "extractors.pdf.reader", "extractors.docx.reader", "preflight.warm_fresh")
MIB = 1 << 20


@dataclass(slots=True)
class Way:
    """One way to do it, and what was measured of it."""

    name: str
    executor: Executor
    wall_s: list[float]
    cpu_s: list[float]
    reports: dict[str, bytes]


class Watch:
    """Samples the memory of all processes below this one."""

    def __init__(self) -> None:
        self.largest = {"VmData": 0, "VmHWM": 0}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.005):
            for pid in descendants():
                try:
                    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
                except OSError:
                    continue
                for line in status.splitlines():
                    name, _, value = line.partition(":")
                    if name in self.largest:
                        self.largest[name] = max(self.largest[name], int(value.split()[0]) * 1024)


def descendants() -> set[int]:
    """Processes below this one."""
    found: set[int] = set()
    frontier = {"self"}
    while frontier:
        children: set[str] = set()
        for pid in frontier:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    children |= set(task.read_text(encoding="ascii").split())
                except OSError:
                    continue
        frontier = children
        found |= {int(pid) for pid in children}
    return found


def cpu_s() -> float:
    """CPU seconds of this process and of all its workers, ended and running."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    total = used.ru_utime + used.ru_stime
    for pid in descendants():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15])) / 100
    return total


def once(way: Way, files: list[Path], prepared: Prepared) -> None:
    """Check all files one way."""
    documents = [(key, find_document(file)) for key, file in enumerate(files)]
    before, started = cpu_s(), time.monotonic()
    for key, report in run_many(documents, prepared, Settings(), way.executor):
        way.reports[str(files[key])] = report_json(report)
    way.wall_s.append(time.monotonic() - started)
    way.cpu_s.append(cpu_s() - before)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=CORPUS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--limit", type=int, default=None, help="Files at most")
    arguments = parser.parse_args()
    files = sorted(
        file
        for file in arguments.folder.rglob("*")
        if file.is_file() and file.suffix.lower() in SUFFIXES and file.stat().st_size
    )[: arguments.limit]
    prepared = prepare(Order(target="anthropic-messages"))
    off, size = Guard(isolation="off", memory_bytes=0), arguments.workers
    ways = [
        Way("in this process", Inline(), [], [], {}),
        Way("workers, not locked", Slots(size, preload=PRELOAD, guard=off), [], [], {}),
        Way("workers, locked", Slots(size, preload=PRELOAD), [], [], {}),
        Way("workers, locked, fresh for each file", Slots(size, preload=PRELOAD, fresh=True), [], [], {}),
    ]
    for _ in range(arguments.rounds + 1):  # the first round loads what is loaded late, and does not count
        for way in ways:
            once(way, files, prepared)
    for way in ways:
        del way.wall_s[0], way.cpu_s[0]
    with Watch() as watch:
        once(Way("", ways[2].executor, [], [], {}), files, prepared)
    for way in ways:
        way.executor.close()
    print(f"{len(files)} files, {arguments.rounds} rounds, {size} worker(s), median (min–max);")
    print(f"{platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}\n")
    print("way | wall s | CPU s | wall against not locked | reports that differ\n--- | --- | --- | --- | ---")
    for way in ways:
        ratio = statistics.median(a / b for a, b in zip(way.wall_s, ways[1].wall_s, strict=True))
        differ = [name for name in way.reports if way.reports[name] != ways[0].reports[name]]
        print(f"{way.name} | {spread(way.wall_s)} | {spread(way.cpu_s)} | {ratio:.3f} | {len(differ)}")
        for name in differ:
            print(f"  differs: {name}")
    print(f"\nlargest VmData of a worker {watch.largest['VmData'] / MIB:,.0f} MiB, ", end="")
    print(f"largest VmHWM {watch.largest['VmHWM'] / MIB:,.0f} MiB")


def spread(values: list[float]) -> str:
    """Median and range."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


if __name__ == "__main__":
    main()
