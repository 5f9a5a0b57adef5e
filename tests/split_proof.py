"""Splits a document and looks at the pieces with other eyes: each passes every limit, all are the document."""

from __future__ import annotations

import io
import itertools
import random
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2
from docx_pieces import problems, unit_texts
from PIL import Image, ImageSequence

from extractors.base import CutOptions, Cuttable
from extractors.facts import UnitKind
from extractors.pdf.passwords import password_forms
from extractors.registry import extractor_for
from preflight import SplitOptions, UserLimits, check, join, split, verify
from preflight.document import find_document
from preflight.fit import EXACT_BYTES
from preflight.fitting import Fitting
from preflight.judging import Order, prepare
from preflight.limits import raw_bytes_max
from preflight.model import Verdict
from preflight.pipeline import run
from preflight.plan import make_plan
from preflight.problems import problem_from
from preflight.settings import Settings
from preflight.split_document import frame_of
from preflight.survey import examine_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from extractors.base import Cutter
    from preflight.execution import Executor
    from preflight.fitting import Frame
    from preflight.manifest import Manifest, ManifestPiece
    from preflight.model import Report

VISIBLE = frozenset({"active-content-stripped", "shrunk", "fields-locked", "repaired"})
"""Changes of a page that may show."""
SMALLER = frozenset({Verdict.SPLIT, Verdict.REDUCE, Verdict.WONT_FIT, Verdict.UNREADABLE})
PIXELS = 400
MOST_COUNTED = 60
"""Pieces up to which the fewest possible are looked for; the splitter promises them up to that many, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A document and what its pieces are for."""

    path: Path
    target: str | None = None
    via: tuple[str, ...] = ()
    limits: UserLimits = field(default_factory=UserLimits)
    password: str | None = None

    def __str__(self) -> str:
        tight = {key: value for key in UserLimits.__slots__ if (value := getattr(self.limits, key)) is not None}
        return f"{self.path.name} for {'+'.join((self.target or '-', *self.via))} {tight}"


@dataclass(slots=True, kw_only=True)
class Proof:
    """What came of a case.

    Attributes:
        refused: Slug and words of the refusal; None when there are pieces.
        pieces: Number of pieces.
        least: Fewest pieces that the byte limit and the bytes of the whole allow; None without one.
        units: Units in the pieces.
        quarantined: Units in none.
        wrong: What is not as it should be.
        why: What forces more pieces than one above the least.
    """

    refused: tuple[str, str] | None = None
    pieces: int = 0
    least: int | None = None
    units: int = 0
    quarantined: int = 0
    wrong: list[str] = field(default_factory=list)
    why: str = ""


def prove(case: Case, workers: Executor, *, seed: int = 0, seen: set[tuple[str, ...]] | None = None) -> Proof:
    """Split, then verify, join and look at every piece.

    Args:
        case: What to split.
        workers: Where.
        seed: Chooses the pages whose pixels are compared.
        seen: Hashes of pieces looked at before: the same pieces are held against their limits only.
    """
    proof = Proof()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        options = SplitOptions(password=case.password, decrypt=True)
        try:
            result = split(
                case.path, work / "out", target=case.target, via=case.via, limits=case.limits, options=options,
                executor=workers,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - problem_from tells a bug from a refusal
            problem = problem_from(error)
            proof.refused = (problem.code, problem.detail)
            if problem.code == "internal":
                proof.wrong.append(f"bug: {error!r}")
            if (work / "out").exists() or list(work.iterdir()):
                proof.wrong.append("something was left behind")
            return proof
        manifest = result.manifest
        proof.pieces, proof.quarantined = len(manifest.pieces), len(manifest.quarantined)
        proof.units = sum(len(piece.units) for piece in manifest.pieces)
        proof.wrong += _within(case, manifest, work / "out", workers)
        marks = (str(case.path), *(piece.sha256 for piece in manifest.pieces))
        if seen is not None and marks in seen:
            return proof
        if seen is not None:
            seen.add(marks)
        proof.wrong += _whole(case, manifest, work, workers)
        if manifest.source.media_type == "application/pdf":
            proof.wrong += _pdf_pieces(case, manifest, work / "out", random.Random(seed))
        elif manifest.source.media_type.endswith("wordprocessingml.document"):
            proof.wrong += _docx_pieces(case, manifest, work / "out")
        elif manifest.source.media_type == "image/tiff":
            proof.wrong += _frames(case, manifest, work / "out")
        proof.wrong += _joined(case, manifest, work, workers)
        proof.least = least_pieces(manifest)
        if proof.least is not None and len(manifest.pieces) > proof.least + 1:
            proof.why = reason_for_more(case, manifest, workers)
            if not proof.why:
                proof.wrong.append(f"{len(manifest.pieces)} pieces where fewer would do")
    return proof


def _whole(case: Case, manifest: Manifest, work: Path, workers: Executor) -> Iterator[str]:
    found = verify(work / "out", against=case.path, password=case.password, executor=workers)
    yield from (f"verify: {one.code}: {one.message}" for one in found.discrepancies)
    numbers = [unit.number for piece in manifest.pieces for unit in piece.units if unit.part in {None, 1}]
    gone = [one.number for one in manifest.quarantined]
    if sorted([*numbers, *gone]) != list(range(1, manifest.unit_count + 1)) or numbers != sorted(numbers):
        yield "not every unit exactly once and in order"
    names = {"manifest.json", *manifest.file_names()}
    if {path.name for path in (work / "out").iterdir()} != names:
        yield "other files than the manifest's"


def _within(case: Case, manifest: Manifest, folder: Path, workers: Executor) -> Iterator[str]:
    """Hold each piece against every limit as somebody would who was handed nothing but the piece."""
    prepared = prepare(Order(target=case.target, hops=case.via, limits=case.limits))
    for piece in manifest.pieces:
        size = (folder / piece.name).stat().st_size
        for limit in manifest.settings.limits_used:
            if limit.measure != "bytes":
                continue
            counted = -(-size // 3) * 4 + limit.overhead_bytes if limit.encoded else size + limit.overhead_bytes
            if counted > limit.max:
                yield f"{piece.name} has {counted} bytes of {limit.max}"
        report = run(find_document(folder / piece.name), prepared, Settings(), workers)
        scans = report.facts is not None and any(unit.needs_ocr for unit in report.facts.units)
        guessed = scans and report.binding is not None and report.binding.limit == "tokens"
        if report.verdict in SMALLER and not guessed:  # what OCR would give is guessed from the pages around
            yield f"{piece.name} alone is judged {report.verdict}: {report.binding}"


def _pdf_pieces(case: Case, manifest: Manifest, folder: Path, chance: random.Random) -> Iterator[str]:
    if _qpdf(case.path, case.password):
        for piece in manifest.pieces:
            if not _qpdf(folder / piece.name):
                yield f"qpdf complains of {piece.name}"
    source = _opened(case.path, case.password)
    if source is None:
        return
    damaged = bool(manifest.quarantined)  # parsers may count differently what is left
    for piece in manifest.pieces:
        with pypdfium2.PdfDocument(folder / piece.name) as made:
            if len(made) != len(piece.units):
                yield f"{piece.name} has {len(made)} pages"
            elif not damaged and len(source) == manifest.unit_count:
                yield from _same_pages(source, made, piece, chance)
    source.close()


def _same_pages(
    source: pypdfium2.PdfDocument, made: pypdfium2.PdfDocument, piece: ManifestPiece, chance: random.Random
) -> Iterator[str]:
    changed = {number for change in piece.changes if change.code in VISIBLE for number in change.units}
    repaired = {number for change in piece.changes if change.code == "repaired" for number in change.units}
    whole = any(change.code in VISIBLE and not change.units for change in piece.changes)
    places = range(len(made))
    for place in places:
        number = piece.first + place
        if number not in repaired and _text(source, number - 1) != _text(made, place):
            yield f"text of page {number} differs"
    for place in sorted({0, len(made) - 1, chance.choice(places)}):
        number = piece.first + place
        if number not in changed and not whole and _pixels(source, number - 1) != _pixels(made, place):
            yield f"pixels of page {number} differ"


def _text(document: pypdfium2.PdfDocument, index: int) -> str | None:
    try:
        return str(document[index].get_textpage().get_text_bounded())
    except pypdfium2.PdfiumError:
        return None


def _pixels(document: pypdfium2.PdfDocument, index: int) -> bytes | None:
    try:
        page = document[index]
        bitmap = page.render(scale=min(1.0, PIXELS / max(page.get_size())), may_draw_forms=False)
        return bytes(bitmap.buffer)
    except pypdfium2.PdfiumError:
        return None


def _opened(path: Path, password: str | None) -> pypdfium2.PdfDocument | None:
    for form in (None, *(password_forms(password) if password is not None else ())):
        try:
            return pypdfium2.PdfDocument(path, password=None if form is None else form.decode("latin-1"))
        except (pypdfium2.PdfiumError, UnicodeDecodeError):
            continue
    return None


def _qpdf(path: Path, password: str | None = None) -> bool:
    """Whether qpdf has nothing to complain of; true where there is no qpdf to ask."""
    if shutil.which("qpdf") is None:
        return True
    secret = [] if password is None else [f"--password={password}"]
    done = subprocess.run(["qpdf", "--check", *secret, str(path)], capture_output=True, check=False)
    return done.returncode == 0


def _docx_pieces(case: Case, manifest: Manifest, folder: Path) -> Iterator[str]:
    found: list[str] = []
    for piece in manifest.pieces:
        data = (folder / piece.name).read_bytes()
        yield from (f"{piece.name}: {one}" for one in problems(data))
        if piece.rows is None:
            found += unit_texts(data)
    by_rows = {piece.first for piece in manifest.pieces if piece.rows is not None}
    texts = unit_texts(case.path.read_bytes())
    wanted = [text for number, text in enumerate(texts, start=1) if number not in by_rows]
    if not manifest.quarantined and found != wanted:
        yield "text of the blocks differs"


def _frames(case: Case, manifest: Manifest, folder: Path) -> Iterator[str]:
    shrunk = {number for piece in manifest.pieces for change in piece.changes for number in change.units}
    with Image.open(case.path) as source:
        wanted = [(frame.size, frame.convert("RGBA").tobytes()) for frame in ImageSequence.Iterator(source)]
    found = []
    for piece in manifest.pieces:
        with Image.open(folder / piece.name) as made:
            found += [(frame.size, frame.convert("RGBA").tobytes()) for frame in ImageSequence.Iterator(made)]
    if not manifest.quarantined:
        for number, (one, other) in enumerate(itertools.zip_longest(wanted, found), start=1):
            if number not in shrunk and one != other:
                yield f"pixels of frame {number} differ"


def _joined(case: Case, manifest: Manifest, work: Path, workers: Executor) -> Iterator[str]:
    out = work / f"joined{Path(manifest.pieces[0].name).suffix}"
    try:
        join(work / "out", out, executor=workers)
    except Exception as error:  # noqa: BLE001 - told as a finding
        yield f"join: {problem_from(error).detail}"
        return
    before = check(case.path, password=case.password, executor=workers).facts
    after = check(out, executor=workers).facts
    if before is None or after is None:
        yield "the joined document cannot be read"
        return
    gone = {one.number for one in manifest.quarantined}
    codes = ("shrunk", "repaired")
    changed = {
        number for piece in manifest.pieces for one in piece.changes if one.code in codes for number in one.units
    }
    kept = [unit for unit in before.units if unit.number not in gone]
    if len(kept) != after.unit_count:
        yield f"joined: {after.unit_count} units of {len(kept)}"
    for one, other in zip(kept, after.units, strict=False):
        if one.number in changed:
            continue
        if (one.native_chars, one.heading_level) != (other.native_chars, other.heading_level):
            yield f"joined: text of unit {one.number} differs: {one.native_chars} and {other.native_chars} characters"
        if one.kind is not other.kind:
            yield f"joined: unit {one.number} is {other.kind}, was {one.kind}"
    if gone:
        return
    if before.outline != after.outline:
        yield f"joined: outline of {len(after.outline)} entries, was {len(before.outline)}, or they differ"
    if before.pdf is not None and after.pdf is not None and before.pdf.page_labels != after.pdf.page_labels:
        yield "joined: page labels differ"


def least_pieces(manifest: Manifest) -> int | None:
    """Return how many pieces the byte limit takes by plain division of what was written or read, the smaller."""
    limits = [raw_bytes_max(limit) for limit in manifest.settings.limits_used if limit.measure == "bytes"]
    if not limits:
        return None
    total = min(sum(piece.size_bytes for piece in manifest.pieces), manifest.source.size_bytes)
    return max(1, -(-total // min(limits)))


def reason_for_more(case: Case, manifest: Manifest, workers: Executor) -> str:
    """Name what forces more pieces than their bytes do; empty when nothing does."""
    told = (
        (any(piece.rows is not None for piece in manifest.pieces), "a table cut by rows stands alone"),
        (bool(manifest.quarantined), "units that are left out part their neighbours"),
        (any(one.code == "shrunk" for piece in manifest.pieces for one in piece.changes),
         "images are made smaller just enough"),
    )  # fmt: skip
    if any(holds for holds, _ in told):
        return next(reason for holds, reason in told if holds)
    prepared = prepare(Order(target=case.target, hops=case.via, limits=case.limits))
    options = SplitOptions(password=case.password, decrypt=True)
    surveyed = examine_source(find_document(case.path), prepared, Settings(), workers, options)
    frame = frame_of(surveyed)
    others = make_plan(
        frame.units,
        replace(frame.limits, bytes=None),
        boundaries=frame.boundaries,
        overhead_seconds=frame.rate.request[2] if frame.rate else 0.0,
        page_units=frame.page_units,
    )
    if len(others.pieces) + 1 >= len(manifest.pieces):
        return "other limits than the one on bytes"
    if len(manifest.pieces) > MOST_COUNTED or manifest.source.size_bytes > EXACT_BYTES:
        return "not looked into: too many pieces, or too large"
    fewest = fewest_pieces(case, manifest, frame)
    if fewest is None:
        return "seconds, which depend on bytes"
    return "no fewer fit: units share parts that each piece repeats" if len(manifest.pieces) <= fewest else ""


def fewest_pieces(case: Case, manifest: Manifest, frame: Frame) -> int | None:
    """Return the fewest pieces there can be: each as long as it goes, measured by cutting; None where that is unknown.

    Limits other than the one on bytes are held as the estimates for each unit say.
    """
    extractor = extractor_for(manifest.source.media_type)
    if frame.limits.seconds is not None or not isinstance(extractor, Cuttable):
        return None
    most = min(raw_bytes_max(limit) for limit in manifest.settings.limits_used if limit.measure == "bytes")
    fonts = any(one.code == "fonts-dropped" for piece in manifest.pieces for one in piece.changes)
    options = CutOptions(
        media_type=manifest.source.media_type, source_name=case.path.name, password=case.password, drop_fonts=fonts
    )
    fitting = Fitting(frame)
    first, count, guess = 1, 0, -(-manifest.unit_count // len(manifest.pieces))
    while first <= manifest.unit_count:
        end = max(first, *fitting.farthest(first), first)
        with case.path.open("rb") as file, extractor.cutter(file, options) as cutter:
            last = _farthest(cutter, first, end, most, guess)
        first, count, guess = last + 1, count + 1, last - first + 1
    return count


def _farthest(cutter: Cutter, first: int, end: int, most: int, guess: int) -> int:
    """Return where the longest piece from a unit ends that is within a size; a unit alone is always one."""
    good, bad, middle, step = first, end + 1, min(end, first + guess - 1), 1
    while bad - good > 1:
        middle = min(max(middle, good + 1), bad - 1)
        out = io.BytesIO()
        cutter.cut(first, middle, out)
        if out.seek(0, io.SEEK_END) <= most:
            good, middle = middle, middle + step
        else:
            bad, middle = middle, middle - step
        if good > first and bad <= end:
            middle = (good + bad) // 2
        step *= 2
    return good


def random_limits(report: Report, size_bytes: int, chance: random.Random, which: Sequence[str]) -> UserLimits:
    """Choose limits that a document of this size has to be cut for, or nearly."""
    units = report.facts.unit_count if report.facts else 1
    readable = [unit for unit in report.facts.units if unit.kind is not UnitKind.UNREADABLE] if report.facts else []
    limits: dict[str, int] = {}
    if "bytes" in which:
        low, high = max(3_000, size_bytes // 12), max(4_000, size_bytes)
        limits["bytes"] = round(low * (high / low) ** chance.random()) if high > low else high
    paged = report.facts is not None and report.facts.unit_kind != "block"
    if "pages" in which and paged and len(readable) > 1:
        limits["pages"] = chance.randint(1, units)
    if "tokens" in which and report.estimate is not None and report.estimate.tokens is not None:
        high = report.estimate.tokens.high
        limits["tokens"] = max(1, round(high * chance.uniform(0.2, 1.0)))
    return UserLimits(**limits) if limits else UserLimits(bytes=max(3_000, size_bytes // 2))
