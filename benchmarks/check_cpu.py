"""CPU per page of `preflight check` next to `pdftotext` on the same born-digital files, in the same run.

    python benchmarks/check_cpu.py [--rounds 3] [--plain PAGES | FILE.pdf …]

Without files, the born-digital PDFs of the corpus beside the project; with `--plain`, a document of so many generated
pages of plain text. CPU is user + system of the whole process tree; both tools get every file once a round, in turn.
The start-up is measured in the same rounds on a file of one page and told apart. Prints a Markdown table, and the
highest memory of all processes together (proportional sizes; what the workers share counts once).

What can be reached: PDFium's own calls to load pages and their text, called from an empty loop, take 0.7 of the CPU of
pdftotext on the corpus and 1.2 of it on generated plain pages, where poppler is at its best.
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
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from plain_pages import write_plain_pdf

COMMAND = (sys.executable, "-c", "from preflight.start import main; main()")
TARGET = "openai-api-file-input"
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
    run = subprocess.run([*COMMAND, "check", *map(str, files), "--json"], capture_output=True, check=False)
    reports = json.loads(run.stdout)
    return sum(
        one["facts"]["unit_count"] for one in (reports if isinstance(reports, list) else [reports]) if one["facts"]
    )


def check(files: list[Path]) -> list[str]:
    """The command that checks these files."""
    return [*COMMAND, "check", *map(str, files), "--for", TARGET, "--json"]


def peak_memory_mb(command: list[str]) -> float:
    """Run a command once more and return the most memory its process tree had at a time, in MB."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(own_share_kb, tree_of(process.pid))))
        time.sleep(0.05)
    return peak / 1000


def tree_of(pid: int) -> list[int]:
    """A process and all that descend from it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in tree_of(int(child)))]


def own_share_kb(pid: int) -> int:
    """Proportional set size of a process in kB; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def compare(files: list[Path], one: Path, rounds: int) -> None:
    """Measure and print."""
    pages = pages_of(files)
    peer = [["pdftotext", str(file), "/dev/null"] for file in files]
    ours, starts, theirs = [], [], []
    for _ in range(rounds):
        ours.append(timed(check(files)))
        theirs.append(timed(*peer))
        starts.append(timed(check([one])))
    poppler = subprocess.run(["pdftotext", "-v"], capture_output=True, text=True, check=False).stderr.split("\n")[0]
    print(f"{len(files)} files, {pages} pages, {rounds} rounds, median (min–max); {platform.machine()},")
    print(f"Python {platform.python_version()}, pypdfium2 {version('pypdfium2')}, {poppler}\n")
    print("tool | CPU s | ms a page\n--- | --- | ---")
    apart = [mine - start for mine, start in zip(ours, starts, strict=True)]
    rows = {"preflight check": ours, "start-up (one page)": starts, "without start-up": apart, "pdftotext": theirs}
    for name, values in rows.items():
        middle = statistics.median(values)
        spread = f"{min(values):.2f}–{max(values):.2f}"
        print(f"{name} | {middle:.2f} ({spread}) | {middle * 1000 / pages:.2f}")
    for name, values in (("whole", ours), ("without start-up", apart)):
        ratios = [mine / other for mine, other in zip(values, theirs, strict=True)]
        print(f"\nratio to pdftotext, {name}: {statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})")
    print(f"\nhighest memory of all processes: {peak_memory_mb(check(files)):.0f} MB")


def main() -> None:
    """Read the arguments, make what is to be made, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--plain", type=int, metavar="PAGES")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    if shutil.which("pdftotext") is None:
        sys.exit("pdftotext is absent: install poppler-utils to compare")
    with tempfile.TemporaryDirectory() as folder:
        files = arguments.files
        if arguments.plain:
            files = [write_plain_pdf(Path(folder) / "plain.pdf", arguments.plain)]
        one = write_plain_pdf(Path(folder) / "one.pdf", 1)
        compare(files or born_digital(), one, arguments.rounds)


if __name__ == "__main__":
    main()
