"""What check says and what split does are one story: verdict, plan and remedy never contradict the pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import docx_samples
import pikepdf
import pytest
from cuttable import make_album, make_scan

from extractors.errors import ExtractionError
from preflight import SplitOptions, UserLimits, Verdict, check, split
from preflight.errors import DecryptionNotAllowed, NotAccepted, Stopped, UnitOverLimit
from preflight.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.model import Report
    from preflight.slots import Slots
    from preflight.splitting import SplitResult

REMEDIES = ("--as text", "--decrypt", "smaller", "asynchronous", "takes more")
SETTINGS = Settings(timeout=60)
TARGETS = ("anthropic-messages", "openai-api-file-input")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What check said of a document, and what came of splitting it."""

    report: Report
    result: SplitResult | None
    refusal: str


def both(path: Path, out: Path, target: str | None, limits: UserLimits, workers: Slots) -> Told:
    report = check(path, target=target, limits=limits, executor=workers, settings=SETTINGS)
    try:
        result = split(path, out, target=target, limits=limits, executor=workers, settings=SETTINGS)
    except (UnitOverLimit, NotAccepted, DecryptionNotAllowed, Stopped, ExtractionError) as error:
        return Told(report=report, result=None, refusal=str(error))
    return Told(report=report, result=result, refusal="")


def contradiction(told: Told) -> str:
    """What of the two does not go together; empty where all does."""
    verdict = told.report.verdict
    if told.result is None:
        return contradicted_refusal(verdict, told)
    if verdict in {Verdict.UNREADABLE, Verdict.WONT_FIT}:
        return f"{verdict}, and yet it was split"
    cut = len(told.result.manifest.pieces) > 1
    return "fits, and yet it was cut" if verdict is Verdict.FITS and cut else ""


def contradicted_refusal(verdict: Verdict, told: Told) -> str:
    said = " ".join(one.message for one in told.report.findings)
    remedies = [part for part in REMEDIES if part in told.refusal]
    if remedies and not any(part in said for part in remedies):
        return f"another remedy than split names: {told.refusal}"
    unsure = "whether that is enough shows only when it is tried" in said
    by_hand = verdict is Verdict.REDUCE and ("first" in told.refusal or "--as text" in told.refusal)
    if verdict in {Verdict.WONT_FIT, Verdict.UNREADABLE} or unsure or by_hand or "--decrypt" in remedies:
        return ""
    return f"{verdict}, and yet split refuses: {told.refusal}"


CHOSEN = (("pdf", 11), ("docx", 5), ("images", 4))
"""Real documents tried, of each kind."""
TIGHTENED = ((0.6, None), (None, 0.4), (0.15, 0.15), (0.9, 0.06))
"""What is left of the bytes and of the tokens, in turn."""


def chosen(corpus: Path) -> list[Path]:
    """The same documents each time, none large."""
    found: list[Path] = []
    for kind, count in CHOSEN:
        small = sorted(one for one in (corpus / kind).iterdir() if 3_000 < one.stat().st_size < 300_000)
        found += small[2 :: max(1, len(small) // count)][:count]
    return found


def tightened(report: Report, place: int) -> UserLimits:
    size, tokens = TIGHTENED[place % len(TIGHTENED)]
    high = report.estimate.tokens.high if report.estimate and report.estimate.tokens else 1_000
    return UserLimits(
        bytes=max(1, int(report.source.size_bytes * size)) if size else None,
        tokens=max(1, int(high * tokens)) if tokens else None,
    )


@pytest.mark.parametrize("place", range(sum(count for _, count in CHOSEN)))
def test_real_documents_under_tight_limits(corpus: Path, tmp_path: Path, workers: Slots, place: int) -> None:
    path = chosen(corpus)[place]
    for turn, target in enumerate(TARGETS):
        report = check(path, target=target, executor=workers, settings=SETTINGS)
        told = both(path, tmp_path / target, target, tightened(report, place + turn), workers)
        assert not contradiction(told), (path.name, target)


@pytest.mark.parametrize("name", ["report.pdf", "mixed.pdf", "scan.pdf", "letter.docx", "notes.md", "page.png"])
def test_samples_as_they_are_and_under_tight_limits(samples: Path, tmp_path: Path, workers: Slots, name: str) -> None:
    for turn, target in enumerate((*TARGETS, "azure-openai")):
        whole = both(samples / name, tmp_path / f"{target}-whole", target, UserLimits(), workers)
        told = both(samples / name, tmp_path / target, target, tightened(whole.report, turn), workers)
        assert not contradiction(whole), target
        assert not contradiction(told), target


def test_a_table_that_split_cuts_by_rows_is_planned_by_rows(tmp_path: Path, workers: Slots) -> None:
    path = tmp_path / "table.docx"
    path.write_bytes(docx_samples.long_table(rows=400))

    told = both(path, tmp_path / "out", None, UserLimits(tokens=900), workers)

    assert told.report.verdict is Verdict.SPLIT
    assert "table-divided" in {one.code for one in told.report.findings}
    assert told.report.plan is not None
    rows = [one.rows for one in told.report.plan.pieces if one.rows]
    assert rows[0][0] == 1
    assert rows[-1][1] == 400
    assert told.result is not None
    cut = [one for one in told.result.manifest.pieces if one.rows]
    assert len(rows) <= len(cut) <= 2 * len(rows)
    assert not contradiction(told)


def test_a_scan_that_shrinking_brings_under_the_limit(tmp_path: Path, workers: Slots) -> None:
    source = make_scan(tmp_path / "scan.pdf", [1_800, 1_800])
    size = source.stat().st_size

    told = both(source, tmp_path / "out", None, UserLimits(bytes=size // 8), workers)

    assert told.report.verdict in {Verdict.REDUCE, Verdict.OCR_FIRST}
    assert told.result is not None
    assert not contradiction(told)


def test_one_dictionary_of_all_pictures_weighs_on_no_page(tmp_path: Path, workers: Slots) -> None:
    """Every page names every picture and draws one of them: a piece carries only what it draws."""
    source = make_album(tmp_path / "album.pdf", 12)
    size = source.stat().st_size

    told = both(source, tmp_path / "out", None, UserLimits(bytes=size // 3), workers)

    assert told.report.verdict is Verdict.SPLIT
    assert told.report.plan is not None
    assert told.result is not None
    assert len(told.report.plan.pieces) == len(told.result.manifest.pieces)


@pytest.mark.parametrize(("everything", "verdict"), [(True, Verdict.REDUCE), (False, Verdict.WONT_FIT)])
def test_a_pdf_that_needs_a_password_fits_nobody_who_has_none(
    samples: Path, tmp_path: Path, workers: Slots, *, everything: bool, verdict: Verdict
) -> None:
    path = tmp_path / "locked.pdf"
    allow = pikepdf.Permissions(modify_assembly=everything)
    with pikepdf.open(samples / "report.pdf") as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(user="u", owner="o", allow=allow))

    report = check(path, target=TARGETS[1], password="u", executor=workers)
    needed = next(one for one in report.findings if one.code == "password-needed")
    pieces = SplitOptions(password="u", decrypt=not everything)
    if not everything:
        with pytest.raises(DecryptionNotAllowed, match="--decrypt"):
            split(path, tmp_path / "no", target=TARGETS[1], options=SplitOptions(password="u"), executor=workers)
    result = split(path, tmp_path / "out", target=TARGETS[1], options=pieces, executor=workers)
    again = check(tmp_path / "out" / result.manifest.pieces[0].name, target=TARGETS[1], executor=workers)

    assert (report.verdict, needed.severity) == (verdict, "error")
    assert "preflight split" in needed.message
    assert ("--decrypt" in needed.message) is not everything
    assert again.verdict is Verdict.FITS


def test_an_encrypted_pdf_that_opens_to_everybody_needs_no_password(
    samples: Path, tmp_path: Path, workers: Slots
) -> None:
    path = tmp_path / "open.pdf"
    with pikepdf.open(samples / "report.pdf") as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(user="", owner="o"))
    for password in (None, "o"):
        report = check(path, target=TARGETS[1], password=password, executor=workers)
        assert report.facts is not None
        assert report.facts.pdf is not None
        assert (report.verdict, report.facts.pdf.needs_password) == (Verdict.FITS, False)
