"""How long `preflight check` takes on a file of one page, from nothing to the report.

    python benchmarks/cold_start.py [--rounds 11] [--for TARGET …] [FILE]

Without a file, a page of plain text made on the spot. Every command runs once a round, in turn, beside an interpreter
that does nothing, so that a busy machine slows all of them down alike: the last column holds where seconds do not. CPU
is user + system of the whole process tree. Prints a Markdown table.

Where the time goes: two processes import side by side. The main one has the command line, the judging, pydantic and the
price list to load, the worker the bindings of qpdf and PDFium, the reader and the token vocabulary (0.04 s with
splintr, 0.3 s with toktok); the page itself is read and judged in some 20 milliseconds.
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from plain_pages import write_plain_pdf

TARGETS = ("anthropic-messages", "openai-api-file-input")
COMMAND = (sys.executable, "-c", "from preflight.start import main; main()")
GOAL_S = 0.6


@dataclass
class Timed:
    """Wall and CPU seconds of the runs of one command."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self, command: list[str]) -> None:
        """Run the command once more."""
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.wall.append(time.perf_counter() - start)
        self.cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def spread(values: list[float]) -> str:
    """Median, and in brackets the least and the greatest."""
    return f"{statistics.median(values):.3f} ({min(values):.3f}–{max(values):.3f})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--for", dest="targets", action="append")
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = arguments.file or write_plain_pdf(Path(folder) / "one.pdf", 1)
        commands = {"python -c pass": [sys.executable, "-c", "pass"]}
        for target in arguments.targets or TARGETS:
            commands[f"check --for {target}"] = [*COMMAND, "check", str(file), "--for", target, "--exit-zero"]
        timed = {name: Timed() for name in commands}
        for _ in range(arguments.rounds):
            for name, command in commands.items():
                timed[name].run(command)
    print(f"{arguments.rounds} rounds, median (min–max); Python {platform.python_version()}, {platform.machine()}\n")
    print("command | wall s | CPU s | CPU beside python -c pass\n--- | --- | --- | ---")
    nothing = timed["python -c pass"].cpu
    for name, one in timed.items():
        ratio = statistics.median(mine / other for mine, other in zip(one.cpu, nothing, strict=True))
        print(f"{name} | {spread(one.wall)} | {spread(one.cpu)} | {ratio:.1f}")
    slowest = max(statistics.median(one.wall) for one in timed.values())
    print(f"\nslowest median {slowest:.2f} s; the goal is under {GOAL_S} s on a machine with nothing else to do")


if __name__ == "__main__":
    main()
