"""Runs the parts of the benchmark and writes docs/benchmarks.md from what they found.

    python benchmarks/run.py [--part NAME …] [--full | --trial] [--report]

Each part runs in a process of its own and leaves benchmarks/results/NAME.json; a part that fails leaves its former
result and the others still run. Without --full a subset: all parts within 15 minutes on two quiet cores. --trial is the
least that shows that a part works; its figures stay out of the report. --report only writes the report anew. Peers are
installed on first use (see peers.py).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "tests"))

from bench import Bench, Extent
from frame import CORPUS, RESULTS, WORK, context
from peers import Peers
from report import write_report

# Part → module with `measure(bench) -> Result`; in the order of the report.
PARTS = {
    "timeouts": "part_timeouts",
    "seconds": "part_seconds",
    "check": "part_check",
    "kinds": "part_kinds",
    "ocr": "part_ocr",
    "docx": "part_docx",
    "split": "part_split",
    "tokens": "part_tokens",
}


OPTION: dict[Extent, list[str]] = {"trial": ["--trial"], "subset": [], "all": ["--full"]}


def measure(part: str, extent: Extent) -> None:
    """Run one part here and keep its result."""
    around = context(extent)
    start = time.perf_counter()
    result = import_module(PARTS[part]).measure(Bench(part, Peers(), extent))
    around["took_s"] = round(time.perf_counter() - start)
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(result.as_json(around), indent=1, ensure_ascii=False, sort_keys=True)
    folder = WORK if extent == "trial" else RESULTS
    (folder / f"{part}.json").write_text(text + "\n", encoding="utf-8")
    print(f"{part}: {around['took_s']} s", flush=True)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=PARTS, default=None)
    parser.add_argument("--full", action="store_const", const="all", default="subset", dest="extent")
    parser.add_argument("--trial", action="store_const", const="trial", dest="extent")
    parser.add_argument("--report", action="store_true", help="only write docs/benchmarks.md anew")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # in this process
    arguments = parser.parse_args()
    if not CORPUS.is_dir():
        sys.exit(f"no corpus at {CORPUS}: set PREFLIGHT_SHARED to the folder that holds it")
    failed = []
    for part in () if arguments.report else arguments.part or PARTS:
        if arguments.here:
            measure(part, arguments.extent)
            continue
        command = [sys.executable, __file__, "--part", part, "--here", *OPTION[arguments.extent]]
        if subprocess.run(command, check=False).returncode:
            failed.append(part)
    if not arguments.here and arguments.extent != "trial":
        write_report(tuple(PARTS))
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
