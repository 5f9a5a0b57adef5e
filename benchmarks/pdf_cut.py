"""Cutting PDFs next to `qpdf --split-pages` for the same ranges: time, bytes and memory.

    python benchmarks/pdf_cut.py [--rounds 5] [--folder DIR] [--sizes 20 200 1000]

Two documents are made first (and kept in --folder): 1,000 born-digital pages with shared fonts, a shared image, links,
an outline and form fields, cut in 20; and 300 scanned pages of 200 MB, cut in 15. Both tools get each document once a
round, in turn. Our time leaves out the start of Python, which a worker pays once; `start` says how much that is. Then
scans of other sizes are cut in 15, to show that memory does not grow with the file.
"""

from __future__ import annotations

import argparse
import io
import json
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

WORDS = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore".split()  # noqa: SIM905
SCAN_BYTES = 680_000

CUT = """
import json, sys, time
start = time.perf_counter()
from pathlib import Path
from extractors.base import CutOptions
from extractors.pdf.cut import pdf_cutter
started = time.perf_counter() - start
source, step, folder = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
anonymous = 0
begin, used = time.perf_counter(), time.process_time()
with source.open("rb") as file, pdf_cutter(file, CutOptions(media_type="application/pdf", source_name="x")) as cutter:
    for first in range(1, cutter.page_count + 1, step):
        with (folder / f"{first:05}.pdf").open("w+b") as out:
            cutter.cut(first, min(first + step - 1, cutter.page_count), out)
        lines = Path("/proc/self/status").read_text().splitlines()
        anonymous = max(anonymous, *(int(line.split()[1]) for line in lines if line.startswith("RssAnon")))
print(json.dumps({"wall": time.perf_counter() - begin, "cpu": time.process_time() - used, "start": started,
                  "anonymous": anonymous * 1024}))
"""


def born_digital(path: Path, pages: int = 1000) -> None:
    """Make a document with everything that hangs together across pages."""
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen import canvas

    rng = random.Random(7)  # noqa: S311
    picture = ImageReader(Image.frombytes("RGB", (300, 300), rng.randbytes(270_000)))
    sheet = canvas.Canvas(str(path), pagesize=(595, 842), pageCompression=1, invariant=1)
    for number in range(1, pages + 1):
        sheet.bookmarkPage(f"p{number}")
        if number % 5 == 1:
            sheet.addOutlineEntry(f"Section at {number}", f"p{number}", 0 if number % 50 == 1 else 1)
        sheet.setFont("Times-Roman", 10)
        for row in range(45):
            sheet.drawString(72, 760 - 14 * row, " ".join(rng.choice(WORDS) for _ in range(12)))
        sheet.drawImage(picture, 450, 30, 100, 100)
        sheet.linkRect("", f"p{rng.randint(1, pages)}", (72, 60, 172, 80))
        sheet.linkRect("", f"p{min(number + 1, pages)}", (72, 30, 172, 50))
        sheet.linkURL(f"https://example.org/{number}", (200, 30, 300, 50))
        if number % 50 == 0:
            sheet.acroForm.textfield(name=f"f{number}", x=310, y=30, width=100, height=20, value=f"v{number}")
        sheet.showPage()
    sheet.save()


def scan(path: Path, pages: int) -> None:
    """Make a document of scanned pages, each a JPEG of noise."""
    import pikepdf
    from pikepdf import Dictionary, Name, Stream
    from PIL import Image

    rng = random.Random(3)  # noqa: S311
    pdf = pikepdf.new()
    for _ in range(pages):
        out = io.BytesIO()
        Image.frombytes("L", (900, 1240), rng.randbytes(900 * 1240)).save(out, "JPEG", quality=80)
        image = Stream(pdf, out.getvalue(), Subtype=Name.Image, Width=900, Height=1240, BitsPerComponent=8)
        image.ColorSpace, image.Filter = Name.DeviceGray, Name.DCTDecode
        page = pdf.add_blank_page(page_size=(595, 842))
        page.obj.Resources = Dictionary(XObject=Dictionary(Im0=image))
        page.obj.Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /Im0 Do Q")
    pdf.save(path, static_id=True)


def fresh(folder: Path) -> Path:
    """An empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def ours(source: Path, step: int, folder: Path) -> dict[str, float]:
    """Cut with this project in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", CUT, str(source), str(step), str(folder)], capture_output=True, check=True
    )
    return dict(json.loads(run.stdout))


def qpdf(source: Path, step: int, folder: Path) -> dict[str, float]:
    """Cut with qpdf."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(["qpdf", f"--split-pages={step}", str(source), str(folder / "q.pdf")], check=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall": wall, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def size_of(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.iterdir())


def compare(name: str, source: Path, step: int, rounds: int, work: Path) -> None:
    """Print one row of the table."""
    runs: dict[str, list[dict[str, float]]] = {"qpdf": [], "ours": []}
    sizes = {}
    for _ in range(rounds):
        for tool, cut in (("qpdf", qpdf), ("ours", ours)):
            folder = fresh(work / tool)
            runs[tool].append(cut(source, step, folder))
            sizes[tool] = size_of(folder)
    wall, cpu = (
        {tool: statistics.median(run[what] for run in runs[tool]) for tool in runs} for what in ("wall", "cpu")
    )
    last = runs["ours"][-1]
    print(
        f"| {name} | {wall['qpdf']:.2f} / {cpu['qpdf']:.2f} | {wall['ours']:.2f} / {cpu['ours']:.2f} "
        f"| {wall['ours'] / wall['qpdf']:.2f} / {cpu['ours'] / cpu['qpdf']:.2f} | {sizes['ours'] / sizes['qpdf']:.3f} "
        f"| {last['anonymous'] / 1e6:.0f} | {last['start']:.2f} |"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "preflight-pdf-cut")
    parser.add_argument("--sizes", type=int, nargs="*", default=[20, 200, 1000], help="megabytes")
    arguments = parser.parse_args()
    if shutil.which("qpdf") is None:
        sys.exit("qpdf is absent: install it to compare")
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    digital, scanned = folder / "digital-1000.pdf", folder / "scan-300.pdf"
    if not digital.exists():
        born_digital(digital)
    if not scanned.exists():
        scan(scanned, 300)
    print(f"Python {platform.python_version()}, pikepdf {version('pikepdf')}, medians of {arguments.rounds} rounds\n")
    print("| document | qpdf wall / CPU s | ours | ratio | bytes, ours / qpdf | anonymous MB | start s |")
    print("|---|---|---|---|---|---|---|")
    compare("1,000 born-digital pages in 20", digital, 50, arguments.rounds, folder)
    compare("300 scanned pages (200 MB) in 15", scanned, 20, arguments.rounds, folder)
    print("\n| file MB | anonymous memory MB | wall s |\n|---|---|---|")
    for size in arguments.sizes:
        path = folder / f"scan-{size}.pdf"
        pages = max(15, size * 1_000_000 // SCAN_BYTES)
        if not path.exists():
            scan(path, pages)
        run = ours(path, -(-pages // 15), fresh(folder / "ours"))
        print(f"| {path.stat().st_size / 1e6:.0f} | {run['anonymous'] / 1e6:.0f} | {run['wall']:.2f} |")
    for tool in ("qpdf", "ours"):
        shutil.rmtree(folder / tool, ignore_errors=True)


if __name__ == "__main__":
    main()
