"""CPU per page of `preflight check` next to `pdftotext` on the same born-digital files, in the same run.

    python benchmarks/check_cpu.py [--rounds 3] [FILE.pdf …]

Without files, the born-digital PDFs of the corpus beside the project. CPU is user + system of the whole process tree,
start-up included; both tools get every file once a round, in turn. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import shutil
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

LABELS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "labels.jsonl"


def children_cpu_s() -> float:
    """CPU seconds of all ended children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(*commands: list[str]) -> float:
    """Run commands one after another; return their CPU seconds."""
    before = children_cpu_s()
    for command in commands:
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return children_cpu_s() - before


def born_digital() -> list[Path]:
    """PDFs of the corpus all of whose pages with a label are born-digital."""
    folder = LABELS.parent
    found = []
    for line in LABELS.read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        looked_at = {page["label"] for page in label.get("pages_visual") or []}
        if label["type"] == "pdf" and label["expected"] == "ok" and looked_at == {"born-digital"}:
            found.append(folder / label["path"])
    return found


def pages_of(files: list[Path]) -> int:
    """Pages of all files together, as the tool itself counts them."""
    run = subprocess.run(
        [sys.executable, "-m", "preflight.cli", "check", *map(str, files), "--json"], capture_output=True, check=False
    )
    reports = json.loads(run.stdout)
    return sum(
        one["facts"]["unit_count"] for one in (reports if isinstance(reports, list) else [reports]) if one["facts"]
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    files = arguments.files or born_digital()
    if shutil.which("pdftotext") is None:
        sys.exit("pdftotext is absent: install poppler-utils to compare")
    pages = pages_of(files)
    check = [
        sys.executable,
        "-m",
        "preflight.cli",
        "check",
        *map(str, files),
        "--for",
        "openai-api-file-input",
        "--json",
    ]
    peer = [["pdftotext", str(file), "/dev/null"] for file in files]
    ours, theirs = [], []
    for _ in range(arguments.rounds):
        ours.append(timed(check))
        theirs.append(timed(*peer))
    poppler = subprocess.run(["pdftotext", "-v"], capture_output=True, text=True, check=False).stderr.split("\n")[0]
    print(f"{len(files)} files, {pages} pages, {arguments.rounds} rounds, median (min–max); {platform.machine()},")
    print(f"Python {platform.python_version()}, pypdfium2 {version('pypdfium2')}, {poppler}\n")
    print("tool | CPU s | ms a page\n--- | --- | ---")
    for name, values in (("preflight check", ours), ("pdftotext", theirs)):
        middle = statistics.median(values)
        spread = f"{min(values):.2f}–{max(values):.2f}"
        print(f"{name} | {middle:.2f} ({spread}) | {middle * 1000 / pages:.2f}")
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    print(f"\nratio preflight / pdftotext: {statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})")


if __name__ == "__main__":
    main()
