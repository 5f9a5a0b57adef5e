"""Does it keep time-outs away? A real OCR back end behind a real nginx, files sent whole and as our pieces.

The back end is OCRmyPDF behind HTTP (backend.py), one request at a time. nginx stands before it with its default body
limit of 1 MiB and a read time-out scaled down, so that the run stays short: what a request and eight likely pages of
OCR take, instead of 60 seconds. First, some documents are sent past nginx and timed: from them comes the user's own
profile. Then the others, none of which was used for that, are checked, sent whole, split and sent in pieces.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from calibrate import Sample, gateway, ocr_pages, rates_of
from frame import PREFLIGHT, Result, run
from gateway import backend, nginx, send
from plain_pages import write_plain_pdf
from scans import write_scan
from timeouts_told import OK, Sent, tell

if TYPE_CHECKING:
    from pathlib import Path

    from bench import Bench
    from calibrate import Rates
    from gateway import Answer, Backend

BODY_BYTES = 1_048_576
LIKELY_PAGES = 8
LEAST_TIMEOUT_S = 5
CALIBRATE_EVERY = 4
PICTURED = frozenset({"scanned", "image-heavy", "hybrid"})
REFUSED = frozenset({422, 502})  # the back end does not take it, or breaks on it, however it is sent


def measure(bench: Bench) -> Result:
    """Run the part."""
    program = bench.peers.program("nginx")
    result = Result("timeouts", "Time-outs: files sent whole, and as our pieces", (__doc__ or "").split("\n\n", 1)[1])
    result.versions = bench.peers.versions("ocrmypdf", "tesseract", "nginx")
    if program is None or not bench.peers.has("ocrmypdf"):
        result.about = (
            "nginx or OCRmyPDF is absent (apt-get install nginx-light tesseract-ocr), so nothing was measured."
        )
        return result
    learning, trying = documents(bench)
    with backend(bench.peers) as behind:
        rates = calibrated(behind, learning, bench)
        timeout_s = max(LEAST_TIMEOUT_S, ceil(rates.request[1] + LIKELY_PAGES * rates.ocr_page[1]))
        day = datetime.now(UTC).strftime("%Y-%m-%d")
        (bench.folder / "target.toml").write_text(rates.profile(day, len(learning)), encoding="utf-8")
        (bench.folder / "gateway.toml").write_text(gateway(day, BODY_BYTES, timeout_s), encoding="utf-8")
        with nginx(program, bench.folder, behind, body_bytes=BODY_BYTES, timeout_s=timeout_s) as port:
            found = {path.stem: tried(path, port, behind, bench) for path in trying}
    sent = [one for one in found.values() if one is not None]
    result.data = {"timeout_s": timeout_s, "rates": asdict(rates), "documents": [asdict(one) for one in sent]}
    tell(result, sent, timeout_s, len(learning))
    if refused := [name for name, one in found.items() if one is None]:
        result.about += f" The back end refused, or broke on, {', '.join(refused)} for what they contain."
    return result


def documents(bench: Bench) -> tuple[list[Path], list[Path]]:
    """Documents to learn from and documents to try; nothing is in both."""
    pictured = [label.path for label in bench.labels() if label.kinds & PICTURED]
    learning = [path for place, path in enumerate(pictured) if place % CALIBRATE_EVERY == 0]
    trying = [path for path in pictured if path not in learning]
    texts = [bench.make(f"plain-{pages}.pdf", lambda path, n=pages: write_plain_pdf(path, n)) for pages in (1, 30)]
    lengths = {"trial": (12,), "subset": (4, 12, 20), "all": (4, 8, 12, 24, 48)}[bench.extent]
    copies = {f"copy-{n}.pdf": partial(write_scan, pages=n, rows=18, quality=None, seed=n) for n in lengths}
    grays = {f"gray-{n}.pdf": partial(write_scan, pages=n, dpi=150, rows=18, quality=30, seed=n) for n in lengths[1:-1]}
    made = [bench.make(name, maker) for name, maker in (copies | grays).items()]
    if bench.extent == "trial":
        learning, trying = learning[1:4], trying[3:6]
    return [*texts, *learning], [*trying[:: 2 if bench.extent == "subset" else 1], *made]


def calibrated(behind: Backend, learning: list[Path], bench: Bench) -> Rates:
    """Send documents past nginx and fit the rates."""
    samples = []
    for path, report in zip(learning, bench.reports(learning), strict=True):
        units = report["facts"]["units"]
        read = sum(ocr_pages(unit) for unit in units)
        answer = send(behind.port, path)
        if answer.status == OK:
            samples.append(Sample(len(units), read, answer.wall_s))
    return rates_of(samples)


def tried(path: Path, port: int, behind: Backend, bench: Bench) -> Sent | None:
    """Check a document, send it whole, and in pieces; None when the back end refuses what it contains."""
    target = ("--for", str(bench.folder / "target.toml"), "--via", str(bench.folder / "gateway.toml"))
    (report,) = bench.reports([path], *target)
    whole = send(port, path)
    behind.abandon()
    if whole.status in REFUSED:
        return None
    seconds = report["estimate"]["seconds"]
    sent = Sent(
        path.stem,
        report["facts"]["unit_count"],
        report["verdict"],
        three(seconds),
        whole.status,
        round(whole.wall_s, 2),
    )
    if report["verdict"] == "fits":
        note(sent, whole, three(seconds))
        return sent
    out = bench.folder / path.stem
    done = run([*PREFLIGHT, "split", str(path), *target, "-o", str(out), "--json"], keep=True)
    sent.split_code = done.code
    for piece in json.loads(done.output)["pieces"] if done.code in {0, 1} else ():
        note(sent, send(port, out / piece["name"]), three(piece["seconds"]))
        behind.abandon()
    return sent


def note(sent: Sent, answer: Answer, foretold: tuple[float, float, float]) -> None:
    """Write down what became of a request."""
    sent.pieces.append(answer.status)
    sent.pieces_s.append(round(answer.wall_s, 2))
    sent.pieces_foretold_s.append(foretold)
    sent.arrived += answer.pages


def three(seconds: dict[str, float]) -> tuple[float, float, float]:
    """Low, likely and high."""
    return seconds["low"], seconds["likely"], seconds["high"]
