"""Batch over scans beside the raw engine: pages a second, CPU a page, and whether all workers were busy.

    python benchmarks/batch_ocr.py [--rounds 3] [--workers 2] [--pages 32]

The scans are dense A4 pages at 200 dpi: one document of most of the pages, one of six, the rest of one page each. The
raw engine is tesserocr in as many processes as the batch has workers, each with its model loaded, fed one page image at
a time from memory; nothing else is in its time. The batch's time has everything in it: starting workers, walking,
hashing, judging, drawing pages, OCR, writing text pieces, the ledger, the reports. Both are done in turn, and each
ratio is of one pair.

A machine with other work to do shows less than it can: CPU seconds a page hold all the same. A worker counts as busy
when it runs or could run (state R in /proc); that is sampled from the first page's OCR to the last's, so that both what
nobody had handed out and what one was left with alone at the end show. Prints Markdown.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Self

from PIL import Image
from sandbox import cpu_s, descendants, spread
from scans import write_scan

from extractors.ocr.tessdata import place
from preflight.batch import BatchOptions, run_batch
from preflight.engine.workers import StoppableSlots
from preflight.judging import Order
from preflight.settings import Settings
from preflight.splitting import SplitOptions
from preflight.start import preload_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from preflight.execution import Outcome, Task

LANGUAGES = ("eng",)
MIDDLE, SINGLES = 6, 4


@dataclass(frozen=True, slots=True)
class Run:
    """Wall and CPU seconds of one run, and the share of workers that were busy."""

    wall_s: float
    cpu_s: float
    busy: float = 1.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pages", type=int, default=32)
    parser.add_argument("--raw", action="store_true", help=argparse.SUPPRESS)  # the raw engine's side
    arguments = parser.parse_args()
    if arguments.raw:
        recognize_raw()
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = make_scans(folder / "scans", arguments.pages)
        raws, batches = [], []
        for number in range(arguments.rounds):
            raws.append(run_raw(images, arguments.workers))
            batches.append(run_ours(folder / "scans", folder / f"out{number}", arguments.workers))
    report(raws, batches, len(images), arguments.workers)


def make_scans(folder: Path, pages: int) -> list[Path]:
    """Write the documents; return the image of each page, as a file."""
    folder.mkdir()
    sizes = [pages - MIDDLE - SINGLES, MIDDLE, *[1] * SINGLES]
    images = []
    for number, size in enumerate(sizes):
        path = folder / f"{number}.pdf"
        write_scan(path, size, seed=number)
        images += page_images(path, folder.parent / f"pages{number}")
    return images


def page_images(path: Path, folder: Path) -> list[Path]:
    """Take the page images of a scan out of it."""
    import pikepdf

    folder.mkdir()
    found = []
    with pikepdf.open(path) as pdf:
        for number, page in enumerate(pdf.pages):
            (image,) = page.get_images().values()
            found.append(folder / f"{number}.bmp")
            pikepdf.PdfImage(image).as_pil_image().convert("L").save(found[-1])
    return found


def recognize_raw() -> None:
    """Answer each path on standard input with the length of its text."""
    import tesserocr

    where = place(LANGUAGES)
    with tesserocr.PyTessBaseAPI(path=where.folder, lang=where.language) as api:
        print("ready", flush=True)
        for line in sys.stdin:
            with Image.open(line.strip()) as image:
                api.SetImage(image)
            api.SetSourceResolution(200)
            api.Recognize()
            print(len(api.GetTSVText(0)), flush=True)


def run_raw(images: Sequence[Path], workers: int) -> Run:
    """Recognize all pages with the engine alone."""
    command = [sys.executable, __file__, "--raw"]
    pipe = subprocess.PIPE
    running = {}
    for _ in range(workers):
        one = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        if one.stdout is None or one.stdout.readline() != "ready\n":
            sys.exit("tesserocr does not start")
        running[one.stdout] = one
    waiting = deque(images)
    before, started = cpu_s(), time.monotonic()
    for one in running.values():
        hand_out(one, waiting)
    done = 0
    while done < len(images):
        for ready in wait(list(running)):
            ready.readline()
            done += 1
            hand_out(running[ready], waiting)
    wall, cpu = time.monotonic() - started, cpu_s() - before
    for one in running.values():
        one.communicate()
    return Run(wall, cpu)


def hand_out(process: subprocess.Popen[str], waiting: deque[Path]) -> None:
    """Give a process the next page, if there is one."""
    if waiting and process.stdin:
        process.stdin.write(f"{waiting.popleft()}\n")


class Watch:
    """Samples how many workers run or could run."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._samples: list[tuple[float, int]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            self._samples.append((time.monotonic(), sum(state == "R" for state in map(state_of, descendants()))))

    def busy(self, began: float, ended: float) -> float:
        """Return the mean share of workers that were busy between two points in time."""
        seen = [min(running, self._workers) for at, running in self._samples if began <= at <= ended]
        return statistics.fmean(seen) / self._workers


def state_of(pid: int) -> str:
    """Return the state of a process, as /proc/PID/stat has it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return ""


class Counted(StoppableSlots):
    """Workers that note when the first OCR task began and the last one ended."""

    began = ended = 0.0

    def run(self, tasks: Iterable[Task], on_event: Callable[[int, bytes], None] | None = None) -> Iterator[Outcome]:
        """Yield one outcome a task, as StoppableSlots does."""
        listed = list(tasks)
        recognizes = any(task.name == "recognize" for task in listed)
        if recognizes:
            self.began = self.began or time.monotonic()
        for outcome in super().run(listed, on_event):
            if recognizes:
                self.ended = time.monotonic()
            yield outcome


def run_ours(folder: Path, out: Path, workers: int) -> Run:
    """Recognize all pages in a batch that writes them as text."""
    settings = Settings(jobs=workers, languages=LANGUAGES)
    before, started = cpu_s(), time.monotonic()
    slots = Counted(workers, preload=preload_for(["a.pdf", "a.docx"]))  # as the command line has them
    with Watch(workers) as watch:
        options = BatchOptions(split=SplitOptions(form="text"))
        result = run_batch([folder], Order(target="anthropic-messages"), out, settings, slots, options=options)
    wall, cpu = time.monotonic() - started, cpu_s() - before
    slots.close()
    if result.failed or result.incomplete:
        sys.exit(f"{result.failed} documents failed, {result.incomplete} are incomplete")
    return Run(wall, cpu, watch.busy(slots.began, slots.ended))


def report(raws: Sequence[Run], batches: Sequence[Run], pages: int, workers: int) -> None:
    """Print medians, and the ratios of the pairs."""
    print(
        f"{pages} pages, {workers} workers, {len(raws)} rounds, median (min–max); {platform.machine()}, Python", end=" "
    )
    print(f"{platform.python_version()}\n\nway | pages a second | CPU s a page | workers busy\n--- | --- | --- | ---")
    for name, runs in (("tesserocr alone", raws), ("batch", batches)):
        rate, cpu = ([pages / one.wall_s for one in runs], [one.cpu_s / pages for one in runs])
        busy = spread([one.busy for one in runs]) if runs is batches else "–"
        print(f"{name} | {spread(rate)} | {spread(cpu)} | {busy}")
    rates = [raw.wall_s / batch.wall_s for raw, batch in zip(raws, batches, strict=True)]
    costs = [raw.cpu_s / batch.cpu_s for raw, batch in zip(raws, batches, strict=True)]
    print(f"\nbatch against the engine: {spread(rates)} of its pages a second, {spread(costs)} by CPU")


if __name__ == "__main__":
    main()
