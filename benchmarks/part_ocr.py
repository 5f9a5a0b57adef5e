"""OCR: pages a second on two cores, and character error rate, next to OCRmyPDF and raw tesserocr.

Error rates are taken on the corpus' files whose text is known (real scans, some askew, faded or upside down) and on
generated pages at 150, 200 and 300 dpi with noise and a skew of up to a degree; edit distance by length of the truth,
white space folded, a refused file counting as all wrong. Speed is taken on the generated pages, two workers each, as
the whole command: `preflight text`, `ocrmypdf --output-type none --jobs 2` with its sidecar, and a short program of
pypdfium2 and tesserocr at the resolution of the scan. One thread a page everywhere.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from frame import CORPUS, PREFLIGHT, Goal, Result, Run, Table, interleaved, ratio, run, spread
from scans import write_scan
from truth import Known, error_rate, known_texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench import Bench

OURS, PEER, TURNING, RAW = "preflight", "OCRmyPDF", "OCRmyPDF, turning and levelling", "tesserocr"
ONE_THREAD = {"OMP_THREAD_LIMIT": "1"}
TURN = ["--rotate-pages", "--rotate-pages-threshold", "2", "--deskew"]
LEAST_CREDIBLE_DPI, DPI_NOT_SAID = 72, "150"
LEAST_SPEED = 1.6
GENERATED = {"trial": ((200,), 1), "subset": ((150, 200, 300), 4), "all": ((150, 200, 300), 16)}


@dataclass(frozen=True, slots=True)
class Read:
    """What a tool made of a file: the run and the texts of its units; None when it refused."""

    done: Run
    texts: list[str] | None


def measure(bench: Bench) -> Result:
    """Run the part."""
    result = Result("ocr", "OCR: speed and errors", (__doc__ or "").split("\n\n", 1)[1])
    result.versions = bench.peers.versions("ocrmypdf", "tesserocr", "tesseract", "pypdfium2")
    known = known_texts(CORPUS)
    known = {"trial": known[:2], "subset": known[::3], "all": known}[bench.extent]
    real_files(bench, known, result)
    dpis, pages = GENERATED[bench.extent]
    generated(bench, dpis, pages, result)
    return result


def tools(bench: Bench) -> dict[str, Callable[[Known, str], Read]]:
    """The tools that are there; each reads a file whose pages have so many dpi."""
    found: dict[str, Callable[[Known, str], Read]] = {OURS: lambda known, _: by_us(known)}
    if bench.peers.has("ocrmypdf") and bench.peers.has("tesseract"):
        found[PEER] = lambda known, _: by_ocrmypdf(bench, known, [])
        found[TURNING] = lambda known, _: by_ocrmypdf(bench, known, TURN)
    if bench.peers.has("tesserocr"):
        found[RAW] = lambda known, dpi: by_tesserocr(bench, known, dpi)
    return found


def by_us(known: Known) -> Read:
    """The command, with OCR of every unit."""
    command = [*PREFLIGHT, "text", str(known.path), "--ocr", "always", "--jobs", "2", "--as", "json"]
    done = run(command, keep=True, env=ONE_THREAD)
    if done.code not in {0, 1}:
        return Read(done, None)
    return Read(done, ["\n".join(part["text"] for part in unit["parts"]) for unit in json.loads(done.output)["units"]])


def by_ocrmypdf(bench: Bench, known: Known, options: list[str]) -> Read:
    """OCRmyPDF's sidecar text; images it does not take are given to it as PNG, outside of what is timed."""
    sidecar = bench.folder / "text.txt"
    sidecar.unlink(missing_ok=True)
    program = bench.peers.program("ocrmypdf") or "ocrmypdf"
    command = [program, "--quiet", "--jobs", "2", "--output-type", "none", "--sidecar", str(sidecar), *options]
    source = known.path
    if source.suffix == ".pdf":
        command.append("--force-ocr")
    else:
        source, dpi = for_ocrmypdf(source, bench.folder)
        command += ["--image-dpi", DPI_NOT_SAID] if dpi is None else []
    done = run([*command, str(source), "-"], env=ONE_THREAD)
    if done.code or not sidecar.exists():
        return Read(done, None)
    return Read(done, sidecar.read_text(encoding="utf-8").split("\f")[: known.units])


def for_ocrmypdf(source: Path, folder: Path) -> tuple[Path, float | None]:
    """Return an image in a form OCRmyPDF takes, and its resolution."""
    from PIL import Image

    with Image.open(source) as image:
        dpi = image.info.get("dpi", (0, 0))[0]
        if source.suffix != ".webp" and "A" not in image.mode:
            return source, dpi if dpi > LEAST_CREDIBLE_DPI else None
        image.convert("RGB").save(folder / "image.png")
    return folder / "image.png", None


def by_tesserocr(bench: Bench, known: Known, dpi: str) -> Read:
    """The short program of one's own."""
    done = run(bench.peers.command("tesserocr-text", known.path, dpi, "2"), keep=True, env=ONE_THREAD)
    return Read(done, None if done.code else json.loads(done.output))


def real_files(bench: Bench, known: list[Known], result: Result) -> None:
    """Error rates and CPU on files with a known text."""
    columns = ("tool", "files", "error rate, mean", "median", "refused", "CPU s", "our CPU : its CPU")
    table = Table("The corpus' files of known text", columns)
    rates: dict[str, list[float | None]] = {}
    runs: dict[str, list[Run]] = {}
    for name, tool in tools(bench).items():
        read = [tool(one, "300") for one in known]
        runs[name] = [one.done for one in read]
        pairs = zip(read, known, strict=True)
        rates[name] = [None if one.texts is None else error_rate(one.texts, truth) for one, truth in pairs]
    for name, each in rates.items():
        all_wrong = [1.0 if rate is None else rate for rate in each]
        cpu = sum(one.cpu_s for one in runs[name])
        beside = sum(one.cpu_s for one in runs[OURS]) / cpu
        middle = f"{statistics.median(all_wrong):.4f}"
        cells = (f"{statistics.fmean(all_wrong):.4f}", middle, str(each.count(None)), f"{cpu:.1f}", f"{beside:.2f}")
        table.rows.append((name, str(len(known)), *cells))
    result.tables.append(table)
    result.data["files"] = [one.path.name for one in known]
    result.data["error rates"] = dict(rates)
    for name in (PEER, TURNING):
        if name in rates:
            both = [(mine, its) for mine, its in zip(rates[OURS], rates[name], strict=True) if None not in {mine, its}]
            mine, its = (statistics.fmean(float(pair[side] or 0) for pair in both) for side in (0, 1))
            what = f"OCR, error rate on the {len(both)} files {name} reads"
            result.goals.append(Goal(what, "no worse", f"{mine:.4f} beside {its:.4f}", mine <= its))


def generated(bench: Bench, dpis: tuple[int, ...], pages: int, result: Result) -> None:
    """Pages a second and error rates on generated scans, tools taking turns."""
    columns = ("scans", "tool", "pages a second", "CPU s a page", "error rate", "our speed : its speed")
    table = Table(f"Generated pages, {pages} for each resolution, two workers", columns)
    rounds = 3 if bench.extent == "all" else 1
    every: dict[str, list[Run]] = {}
    for dpi in dpis:
        path = bench.folder / f"scan-{dpi}.pdf"
        truths = write_scan(path, pages, dpi=dpi, seed=dpi)
        latest, runs = in_turn(bench, Known(path, pages, ""), str(dpi), rounds)
        for name, done in runs.items():
            every.setdefault(name, []).extend(done)
            texts = latest[name].texts or [""] * pages
            errors = [error_rate([text], Known(path, 1, truth)) for text, truth in zip(texts, truths, strict=True)]
            speed, cpu = [pages / one.wall_s for one in done], [one.cpu_s / pages for one in done]
            beside = ratio(done, runs[OURS], "wall_s")
            cells = (spread(speed), spread(cpu), f"{statistics.fmean(errors):.4f}", f"{beside:.2f}")
            table.rows.append((f"{dpi} dpi", name, *cells))
    result.tables.append(table)
    if PEER in every:
        speed = ratio(every[PEER], every[OURS], "wall_s")
        what = "OCR, pages a second beside OCRmyPDF"
        result.goals.append(Goal(what, f"≥ {LEAST_SPEED}", f"{speed:.2f}", speed >= LEAST_SPEED))


def in_turn(bench: Bench, scan: Known, dpi: str, rounds: int) -> tuple[dict[str, Read], dict[str, list[Run]]]:
    """Let the tools take turns on a scan; what each read last, and all runs."""
    latest: dict[str, Read] = {}

    def once(name: str, tool: Callable[[Known, str], Read]) -> Run:
        latest[name] = tool(scan, dpi)
        return latest[name].done

    used = {name: tool for name, tool in tools(bench).items() if name != TURNING}
    runs = interleaved({name: partial(once, name, tool) for name, tool in used.items()}, rounds)
    return latest, runs
