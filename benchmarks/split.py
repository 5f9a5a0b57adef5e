"""The whole `preflight split` next to `qpdf --split-pages` for the same ranges: where the time goes, and the memory.

    python benchmarks/split.py [--rounds 3] [--folder DIR] [--sizes 20 200 1000]

What qpdf does is cutting alone; `cut only` is that part of ours, in a worker that is already there. The whole command
besides reads the document, takes fingerprints of all pages, holds the pieces against them, and writes the manifest.
Documents are made first and kept in --folder: 1,000 born-digital pages with shared fonts, links, outline and form
fields, in 20 pieces; 300 scanned pages of 200 MB in 15; 500 pages that share one dictionary of 500 pictures, in 10; and
a DOCX of 500 pictures, for which there is no qpdf, in 10. The tools take turns; figures are medians. Memory is the
peak of the sum of RssAnon over all processes, sampled every 10 ms: what is mapped of the input is not in it.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from pdf_cut import WORDS, born_digital, fresh, ours, qpdf, size_of

SPLIT = [sys.executable, "-m", "preflight.cli", "split"]
STEPS = """
import json, sys, time
from collections import defaultdict
from preflight import UserLimits, split
from preflight.execution import Inline
import preflight.tasks, extractors.pdf.reader, preflight.cutting_tasks
class Timed(Inline):
    spent = defaultdict(float)
    seen = 0
    def run(self, tasks, on_event=None):
        for task in tasks:
            begin = time.process_time()
            yield from super().run([task], on_event)
            name = task.name
            if name == "fingerprint":
                name += " of pieces" if self.spent["cut"] else " of the document"
            self.spent[name] += time.process_time() - begin
begin = time.process_time()
split(sys.argv[1], sys.argv[2], limits=UserLimits(pages=int(sys.argv[3])), executor=Timed())
Timed.spent["all"] = time.process_time() - begin
print(json.dumps(Timed.spent))
"""


def paper_scan(path: Path, pages: int) -> None:
    """Make a document of scanned pages, each a JPEG of 680 kB: printed lines on grainy paper at 200 dpi."""
    import pikepdf
    from pikepdf import Dictionary, Name, Stream
    from PIL import Image, ImageDraw, ImageFont

    rng = random.Random(5)  # noqa: S311
    font = ImageFont.load_default(26)
    width, height = 1654, 2339
    kept = []
    for _ in range(12):
        sheet = Image.frombytes("L", (width, height), rng.randbytes(width * height)).point(
            lambda value: 238 + value // 18
        )
        draw = ImageDraw.Draw(sheet)
        for row in range(50):
            draw.text((120, 120 + row * 42), " ".join(rng.choice(WORDS) for _ in range(14)), fill=20, font=font)
        out = io.BytesIO()
        sheet.save(out, "JPEG", quality=82)
        kept.append(out.getvalue())
    pdf = pikepdf.new()
    for number in range(pages):
        note = b"page %d" % number  # a comment makes each picture one of its own
        jpeg = kept[number % len(kept)]
        data = jpeg[:2] + b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + jpeg[2:]
        image = Stream(pdf, data, Subtype=Name.Image, Width=width, Height=height, BitsPerComponent=8)
        image.ColorSpace, image.Filter = Name.DeviceGray, Name.DCTDecode
        page = pdf.add_blank_page(page_size=(595, 842))
        page.obj.Resources = Dictionary(XObject=Dictionary(Im0=image))
        page.obj.Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /Im0 Do Q")
    pdf.save(path, static_id=True)


def shared_resources(path: Path, pages: int = 500) -> None:
    """Make a document whose pages all have one dictionary with the pictures of all of them."""
    import pikepdf
    from pikepdf import Dictionary, Name

    rng = random.Random(9)  # noqa: S311
    pdf = pikepdf.new()
    images = Dictionary()
    for number in range(pages):
        image = pdf.make_stream(rng.randbytes(40_000))
        image.update(Dictionary(Type=Name.XObject, Subtype=Name.Image, Width=200, Height=200, BitsPerComponent=8))
        image.ColorSpace = Name.DeviceGray
        images[f"/Im{number}"] = image
    resources = pdf.make_indirect(Dictionary(XObject=images))
    for number in range(pages):
        page = pdf.add_blank_page(page_size=(595, 842))
        page.obj.Resources = resources
        page.obj.Contents = pdf.make_stream(b"q 200 0 0 200 100 400 cm /Im%d Do Q" % number)
    pdf.save(path, static_id=True)


def pictured_docx(path: Path, pictures: int = 500) -> None:
    """Make a DOCX of that many paragraphs with a picture each."""
    import docx
    from PIL import Image

    rng = random.Random(2)  # noqa: S311
    document = docx.Document()
    for number in range(pictures):
        document.add_paragraph(f"{number} " + " ".join(rng.choice(WORDS) for _ in range(40)))
        out = io.BytesIO()
        Image.frombytes("L", (240, 240), rng.randbytes(240 * 240)).save(out, "JPEG", quality=80)
        document.add_picture(io.BytesIO(out.getvalue()))
    document.save(str(path))


def whole(source: Path, out: Path, *limits: str) -> dict[str, float]:
    """Run the command; wall, CPU and memory of all its processes."""
    shutil.rmtree(out, ignore_errors=True)
    begin = time.perf_counter()
    process = subprocess.Popen(
        [*SPLIT, str(source), "-o", str(out), *limits], stdout=subprocess.DEVNULL, start_new_session=True
    )
    peak, cpu = 0, 0.0
    ticks = os.sysconf("SC_CLK_TCK")
    last: dict[str, float] = {}
    while process.poll() is None:
        anonymous = 0
        for name in descendants(process.pid):
            try:
                status = Path(f"/proc/{name}/status").read_text()
                fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            anonymous += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))
            last[name] = (int(fields[11]) + int(fields[12])) / ticks
        peak, cpu = max(peak, anonymous), sum(last.values())
        time.sleep(0.01)
    if process.returncode:
        sys.exit(f"{source.name}: exit code {process.returncode}")
    return {"wall": time.perf_counter() - begin, "cpu": cpu, "anonymous": peak * 1024}


def descendants(pid: int) -> list[str]:
    """Ids of a process and all below it."""
    found, pending = [], [str(pid)]
    while pending:
        one = pending.pop()
        found.append(one)
        try:
            tasks = list(Path(f"/proc/{one}/task").iterdir())
            pending += [child for task in tasks for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def compare(name: str, source: Path, step: int, rounds: int, work: Path) -> None:
    """Print one row of the first table and the steps of the second."""
    runs: dict[str, list[dict[str, float]]] = {"qpdf": [], "cut": [], "whole": []}
    sizes: dict[str, int] = {}
    for _ in range(rounds):
        runs["qpdf"].append(qpdf(source, step, fresh(work / "qpdf")))
        runs["cut"].append(ours(source, step, fresh(work / "cut")))
        runs["whole"].append(whole(source, work / "whole", "--max-pages", str(step)))
        (work / "whole" / "manifest.json").unlink()
        sizes = {tool: size_of(work / tool) for tool in runs}
    wall, cpu = (
        {tool: statistics.median(run[what] for run in runs[tool]) for tool in runs} for what in ("wall", "cpu")
    )
    cells = [f"{wall[tool]:.2f} / {cpu[tool]:.2f}" for tool in runs]
    ratios = [f"{wall[tool] / wall['qpdf']:.2f} / {cpu[tool] / cpu['qpdf']:.2f}" for tool in ("cut", "whole")]
    memory = max(run["anonymous"] for run in runs["whole"]) / 1e6
    print(
        f"| {name} | {' | '.join(cells)} | {' | '.join(ratios)} | {sizes['whole'] / sizes['qpdf']:.3f} | {memory:.0f} |"
    )
    shutil.rmtree(work / "whole")
    steps = subprocess.run(
        [sys.executable, "-c", STEPS, str(source), str(work / "whole"), str(step)], capture_output=True, check=True
    )
    spent = {key: round(value, 2) for key, value in json.loads(steps.stdout).items()}
    print(f"    CPU s by step, one process: {spent}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "preflight-split")
    parser.add_argument("--sizes", type=int, nargs="*", default=[20, 200, 1000], help="megabytes")
    arguments = parser.parse_args()
    if shutil.which("qpdf") is None:
        sys.exit("qpdf is absent: install it to compare")
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    digital, scanned, shared = folder / "digital.pdf", folder / "scan.pdf", folder / "shared.pdf"
    for path, make in (
        (digital, born_digital),
        (scanned, lambda path: paper_scan(path, 300)),
        (shared, shared_resources),
        (folder / "pictures.docx", pictured_docx),
    ):
        if not path.exists():
            make(path)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, medians of {arguments.rounds} rounds\n")
    print("| document | qpdf wall / CPU s | cut only | whole command | cut : qpdf | whole : qpdf | bytes : qpdf | MB |")
    print("|---|---|---|---|---|---|---|---|")
    compare("1,000 born-digital pages in 20", digital, 50, arguments.rounds, folder)
    compare(f"300 scanned pages ({scanned.stat().st_size / 1e6:.0f} MB) in 15", scanned, 20, arguments.rounds, folder)
    compare("500 pages, one resource dictionary, in 10", shared, 50, arguments.rounds, folder)
    source = folder / "pictures.docx"
    run = whole(source, folder / "whole", "--max-bytes", str(source.stat().st_size // 10 + 40_000))
    total, count = size_of(folder / "whole"), len(list((folder / "whole").glob("*.docx")))
    print(
        f"\nDOCX of 500 pictures, {source.stat().st_size / 1e6:.1f} MB: {count} pieces of {total / 1e6:.1f} MB in all, "
        f"{run['wall']:.2f} s wall, {run['cpu']:.2f} s CPU, {run['anonymous'] / 1e6:.0f} MB"
    )
    print("\n| scan, MB | anonymous memory of all processes, MB | wall s | CPU s |\n|---|---|---|---|")
    for size in arguments.sizes:
        path = folder / f"scan-{size}.pdf"
        pages = max(15, size * 300 * 1_000_000 // scanned.stat().st_size)
        if not path.exists():
            paper_scan(path, pages)
        run = whole(path, folder / "whole", "--max-pages", str(-(-pages // 15)))
        megabytes = path.stat().st_size / 1e6
        print(f"| {megabytes:.0f} | {run['anonymous'] / 1e6:.0f} | {run['wall']:.2f} | {run['cpu']:.2f} |", flush=True)
    for tool in ("qpdf", "cut", "whole"):
        shutil.rmtree(folder / tool, ignore_errors=True)


if __name__ == "__main__":
    main()
