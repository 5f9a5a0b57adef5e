"""Error rate and CPU of OCR next to OCRmyPDF on files whose text is known, file by file, in the same run.

    python benchmarks/ocr_cer.py [--ocrmypdf PROGRAM] [--rounds 1] [--engine tesserocr] [--speed]

The files are those of the corpus with a ground truth. Each tool gets each file in a process of its own, restricted to
one thread a page; CPU is user + system of the whole process tree, start-up included. OCRmyPDF writes its sidecar text
only (`--output-type none`), plainly, and with `--rotate-pages --deskew`, its turning threshold lowered so that it may
turn pages of few words. Images that OCRmyPDF does not take (WebP, transparency) are given to it as PNG, and those
without a resolution with `--image-dpi 150`. `--speed` also measures pages a second with two worker processes.
Prints Markdown. A tool that is not installed is said to be absent.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from PIL import Image, ImageChops

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests"))

from pages import add_scan  # noqa: E402 - tests/ is no package
from truth import Known, error_rate, known_texts  # noqa: E402

CORPUS = Path(os.environ.get("PREFLIGHT_SHARED", PROJECT.parent / "shared")) / "corpus"
PLAIN, TURNING = "OCRmyPDF", "OCRmyPDF, turning and levelling"
PEERS = {PLAIN: [], TURNING: ["--rotate-pages", "--rotate-pages-threshold", "2", "--deskew"]}
DPI_NOT_SAID = "150"
LEAST_CREDIBLE_DPI = 72  # OCRmyPDF refuses images that say so little


@dataclass(frozen=True, slots=True)
class Result:
    """Median CPU seconds and the error rate of one tool on one file; None when the tool failed."""

    cpu_s: float
    rate: float | None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ocrmypdf", default="ocrmypdf", help="program to compare with")
    parser.add_argument("--engine", default="tesserocr")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--speed", action="store_true", help="also measure pages a second")
    parser.add_argument("--recognize", type=Path, help=argparse.SUPPRESS)  # the worker's side
    parser.add_argument("--units", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.recognize:
        recognize(arguments.recognize, arguments.units, arguments.engine)
        return
    if not CORPUS.is_dir():
        sys.exit(f"no corpus at {CORPUS}: set PREFLIGHT_SHARED to the folder that holds it")
    peer = shutil.which(arguments.ocrmypdf)
    compare(arguments.engine, peer, arguments.rounds)
    if arguments.speed:
        speed(arguments.engine)


def compare(engine: str, peer: str | None, rounds: int) -> None:
    """Run all tools on all files and print the table."""
    from extractors.ocr import choose_engine

    ours = f"preflight ({engine})"
    names = [ours, *(PEERS if peer else ())]
    table: dict[str, list[Result]] = {name: [] for name in names}
    files = known_texts(CORPUS)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},", end=" ")
    tesseract = choose_engine(engine, ("eng",)).version()
    print(f"upload-preflight {version('upload-preflight')}, {engine} with Tesseract {tesseract},", end=" ")
    print(f"OCRmyPDF {peer_version(peer)}; {rounds} round(s), median CPU seconds\n")
    print("file | units | " + " | ".join(f"{name}: error rate | CPU s" for name in names))
    print("--- | ---" + " | --- | ---" * len(names))
    for known in files:
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                table[name].append(measured(name, known, engine, peer, Path(folder), rounds))
        row = " | ".join(cells(table[name][-1]) for name in names)
        print(f"{known.path.name} | {known.units} | {row}", flush=True)
    print("**mean / sum** | | " + " | ".join(summary(table[name]) for name in names))
    for name in names[1:]:
        pairs = [(one, other) for one, other in zip(table[ours], table[name], strict=True) if other.rate is not None]
        ratio = sum(one.cpu_s for one, _ in pairs) / sum(other.cpu_s for _, other in pairs)
        rates = [statistics.fmean(pair[side].rate or 0.0 for pair in pairs) for side in (0, 1)]
        print(f"\n{name}: on the {len(pairs)} files it reads, CPU of preflight is {ratio:.2f} × its CPU;", end=" ")
        print(f"error rates {rates[0]:.4f} and {rates[1]:.4f}", end="")
    print()


def measured(name: str, known: Known, engine: str, peer: str | None, folder: Path, rounds: int) -> Result:
    """Run one tool on one file; a failure of the peer is told apart from bad text."""
    used, texts = [], None
    for _ in range(rounds):
        before = children_cpu_s()
        texts = by_peer(peer, PEERS[name], known, folder) if name in PEERS and peer else by_us(known, engine)
        used.append(children_cpu_s() - before)
    return Result(statistics.median(used), None if texts is None else error_rate(texts, known))


def by_us(known: Known, engine: str) -> list[str]:
    """Recognize in a fresh process."""
    command = worker_command(known.path, known.units, engine)
    texts: list[str] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return texts


def worker_command(path: Path, units: int, engine: str) -> list[str]:
    """Return the command that recognizes a file in a process of its own."""
    return [sys.executable, __file__, "--recognize", str(path), "--units", str(units), "--engine", engine]


def recognize(path: Path, units: int, engine: str) -> None:
    """Print the texts of a file's units; the other side of :func:`by_us`."""
    from extractors.base import ReadOptions
    from extractors.ocr import choose_engine
    from extractors.ocr.work import recognize_units

    known = Known(path, units, "")
    with path.open("rb") as file:
        found = recognize_units(
            file,
            ReadOptions(media_type=known.media_type),
            tuple(range(1, units + 1)),
            engine=choose_engine(engine, ("eng",)),
            languages=("eng",),
            timeout_s=300,
        )
        json.dump([unit.text.plain for unit in found], sys.stdout)


def by_peer(peer: str, options: list[str], known: Known, folder: Path) -> list[str] | None:
    """Let OCRmyPDF write its sidecar; None when it refuses the file."""
    sidecar = folder / "text.txt"
    sidecar.unlink(missing_ok=True)
    command = [peer, "--quiet", "--jobs", "1", "--output-type", "none", "--sidecar", str(sidecar), *options]
    source = known.path
    if source.suffix == ".pdf":
        command.append("--force-ocr")
    else:
        source, dpi = for_peer(source, folder)
        command += ["--image-dpi", DPI_NOT_SAID] if dpi is None else []
    environment = os.environ | {"OMP_THREAD_LIMIT": "1", "PATH": f"{Path(peer).parent}:{os.environ['PATH']}"}
    run = subprocess.run([*command, str(source), "-"], env=environment, capture_output=True, check=False)
    if run.returncode or not sidecar.exists():
        return None
    return sidecar.read_text(encoding="utf-8").split("\f")[: known.units]


def for_peer(source: Path, folder: Path) -> tuple[Path, float | None]:
    """Return an image in a form OCRmyPDF takes, and its resolution; not part of the time measured (no child)."""
    with Image.open(source) as image:
        dpi = image.info.get("dpi", (0, 0))[0]
        if source.suffix != ".webp" and "A" not in image.mode:
            return source, dpi if dpi > LEAST_CREDIBLE_DPI else None
        image.convert("RGB").save(folder / "image.png")
    return folder / "image.png", None


def children_cpu_s() -> float:
    """CPU seconds of all ended children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peer_version(peer: str | None) -> str:
    """Version of OCRmyPDF, or that it is absent."""
    if peer is None:
        return "is absent (pip install ocrmypdf into an environment of its own, and give --ocrmypdf)"
    return subprocess.run([peer, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def cells(result: Result) -> str:
    """Format the two cells of one tool."""
    return f"{'refused' if result.rate is None else f'{result.rate:.4f}'} | {result.cpu_s:.2f}"


def summary(results: list[Result]) -> str:
    """Format mean error rate, refused files counting as all wrong, and the sum of CPU."""
    mean = statistics.fmean(1.0 if result.rate is None else result.rate for result in results)
    return f"{mean:.4f} | {sum(result.cpu_s for result in results):.1f}"


def speed(engine: str, pages: int = 12, workers: int = 2) -> None:
    """Print pages a second of two workers at once on dense A4 pages scanned at 200 dpi."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "scan.pdf")
        truths = write_scan(path, pages)
        command = worker_command(path, pages, engine)
        before, started = children_cpu_s(), time.monotonic()
        running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(workers)]
        answers = [json.loads(one.communicate()[0]) for one in running]
        wall_s, cpu_s = time.monotonic() - started, children_cpu_s() - before
    known = [Known(path, 1, truth) for truth in truths]
    rates = [error_rate([text], one) for answer in answers for text, one in zip(answer, known, strict=True)]
    done, length = pages * workers, statistics.fmean(map(len, truths))
    print(f"\n{workers} workers, {done} dense A4 pages at 200 dpi, {length:.0f} characters each:", end=" ")
    print(f"{done / wall_s:.2f} pages/s, {cpu_s / done:.2f} s of CPU a page, error rate {statistics.fmean(rates):.4f}")


def write_scan(path: Path, pages: int, seed: int = 2) -> list[str]:
    """Write a PDF of noisy page images, a little askew; return the text of each page."""
    import pikepdf

    dice = random.Random(seed)  # noqa: S311 - the same pages every time
    words = next(known.text for known in known_texts(CORPUS) if "linn" in known.path.name).split()
    truths = []
    with pikepdf.new() as pdf:
        for number in range(pages):
            font, size = (("Times-Roman", 11), ("Helvetica", 10), ("Courier", 9))[number % 3]
            image, truth = typed_page(words, font, size, dice)
            add_scan(pdf, image, dpi=200, quality=75)
            truths.append(truth)
        pdf.save(path)
    return truths


def typed_page(words: list[str], font: str, size: int, dice: random.Random) -> tuple[Image.Image, str]:
    """Return an A4 page of words in random order as a scanner would see it, and its text."""
    import pypdfium2
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A4)
    sheet.setFont(font, size)
    lines = []
    for row in range(54):
        line = ""
        while sheet.stringWidth(line, font, size) < 440:
            line = f"{line} {dice.choice(words)}".strip()
        lines.append(line)
        sheet.drawString(55, 790 - 14 * row, line)
    sheet.save()
    with pypdfium2.PdfDocument(out.getvalue()) as document:
        image = document[0].render(scale=200 / 72, grayscale=True).to_pil()
    image = image.rotate(dice.uniform(-1, 1), Image.Resampling.BICUBIC, fillcolor=255)
    faded = image.point([35 + tone * 4 // 5 for tone in range(256)])
    return ImageChops.add(faded, Image.effect_noise(faded.size, 12), 1, -128), "\n".join(lines)


if __name__ == "__main__":
    main()
