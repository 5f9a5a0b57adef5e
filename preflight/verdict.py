"""The verdict: will it get through, which limit decides, and what to do. Pure and deterministic.

Order of precedence: unreadable, wont-fit, ocr-first, reduce, split, fits. A range counts with its high end: a wrong
"fits" costs more than one cut too many; when only the high end is over, a finding says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractors.facts import UnitKind
from preflight.advice import decryption, doubts, mendable, near_limits, ocr, over_limits, refusals, unseen_images
from preflight.advice_alone import Alone, about_alone
from preflight.case import Case, TargetView
from preflight.limits import raw_bytes_max
from preflight.margins import CUTTABLE, Measured, binding_reading, read_limits
from preflight.model import Verdict
from preflight.rows import is_divisible
from preflight.shrink import shrunk_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractors.facts import DocumentFacts, Finding, Source, UnitFacts
    from preflight.advice_alone import Helps
    from preflight.margins import Reading
    from preflight.model import Binding, Estimate, HeldLimit, Limit, Plan, UnitEstimate

__all__ = ["Judgement", "TargetView", "judge"]

TOKENS_PER_CHAR = 2
"""Upper bound of tokens for one character that is no white space: CJK text in the least favourable tokenizer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is to be done with the document.

    Attributes:
        verdict: The word.
        binding: The limit that decides; None without limits, when no value is known, or when the target refuses the
            document whatever its size.
        findings: Why, and what to do next; what decides comes first.
        limits: Every limit that was held against the document.
    """

    verdict: Verdict
    binding: Binding | None
    findings: tuple[Finding, ...]
    limits: tuple[HeldLimit, ...] = ()


def judge(
    source: Source,
    facts: DocumentFacts,
    *,
    estimate: Estimate | None = None,
    units: Sequence[UnitEstimate] = (),
    limits: Sequence[Limit] = (),
    target: TargetView | None = None,
    plan: Plan | None = None,
) -> Judgement:
    """Judge a document that could be read.

    Args:
        source: The file.
        facts: Its facts.
        estimate: What the whole costs at the target.
        units: What each unit costs, one for each of ``facts.units``; needed when there are limits.
        limits: Effective limits on one request, the user's own included; several of one measure are allowed.
        target: The receiving side; None to speak of the document alone.
        plan: The pieces planned under the same limits; tells how many there would be.

    Returns:
        Verdict, binding limit and findings.
    """
    measured = Measured(size_bytes=source.size_bytes, facts=facts, estimate=estimate, units=units)
    readings = read_limits(limits, measured)
    case = Case(media_type=source.media_type, facts=facts, target=target, readings=readings, plan=plan)
    refused, mends = refusals(case), mendable(case)
    bound = None if refused else binding_reading(readings)
    alone = _sorted_out(case, measured)
    if target is not None and target.sees == "refused":  # whatever else there is to say of it helps nobody
        return Judgement(verdict=_verdict(case, refused=True, reducible=False), binding=None, findings=refused)
    findings = (
        *refused,
        *mends,
        *about_alone(case, alone),
        *ocr(case),
        *over_limits(case, {one.reading for one in alone if one.helps == "nothing"}),
        *([] if refused else decryption(case)),
        *doubts(case, bound),
        *near_limits(case),
        *unseen_images(case),
    )
    helps = {one.helps for one in alone}
    hopeless = "nothing" in helps
    verdict = _verdict(case, refused=bool(refused) or hopeless, reducible=bool(mends) or bool(helps - {"rows"}))
    return Judgement(
        verdict=verdict,
        binding=bound.binding() if bound else None,
        findings=findings,
        limits=tuple(reading.held() for reading in readings),
    )


def _verdict(case: Case, *, refused: bool, reducible: bool) -> Verdict:
    units = case.facts.units
    if units and all(unit.kind is UnitKind.UNREADABLE for unit in units):
        return Verdict.UNREADABLE
    if refused:
        return Verdict.WONT_FIT
    # Where it is not known whether the target takes such files at all, a finding says that first.
    blind = case.target is None or (case.target.sees is not None and not case.sees_images)
    if case.scans and blind:
        return Verdict.OCR_FIRST
    if reducible:
        return Verdict.REDUCE
    if not any(reading.over and reading.limit.measure in CUTTABLE for reading in case.readings):
        return Verdict.FITS
    # Cutting that leaves one piece is no cutting: what weighs is outside the units, and saving anew drops it.
    return Verdict.REDUCE if case.plan is not None and len(case.plan.pieces) == 1 else Verdict.SPLIT


def _sorted_out(case: Case, measured: Measured) -> list[Alone]:
    """Units over a limit by themselves, by limit and by what helps them, in order."""
    found: dict[tuple[Reading, Helps, bool], list[int]] = {}
    places = {unit.number: place for place, unit in enumerate(measured.facts.units)}
    sizes = measured.sizes_alone()
    limits = [reading.limit for reading in case.readings]
    for reading in case.readings:
        for number in reading.alone:
            unit, cost = measured.facts.units[places[number]], measured.units[places[number]]
            helps: Helps
            if reading.limit.measure in CUTTABLE and is_divisible(
                unit, cost, limits, case.media_type, shared_bytes=case.facts.shared_bytes
            ):
                helps, sure = "rows", True
            else:
                helps, sure = _helps(unit, sizes[number], cost.bytes, reading, case)
            found.setdefault((reading, helps, sure), []).append(number)
    return [
        Alone(reading=reading, helps=helps, sure=sure, numbers=tuple(numbers))
        for (reading, helps, sure), numbers in found.items()
    ]


def _helps(unit: UnitFacts, size: int, own: int, reading: Reading, case: Case) -> tuple[Helps, bool]:
    """What brings a unit under a limit without losing what it says, and whether it surely does."""
    limit = reading.limit
    match limit.measure:
        case "pixels-per-side" | "megapixels" | "page-points":
            return "hand", True
        case "bytes":
            room = raw_bytes_max(limit)
            # What pieces share is an upper bound: what a page does not draw, its piece does not carry.
            if shrunk_bytes(unit, own).low > room:
                return "nothing", True
            has_images = unit.image_bytes > 0 or unit.width_px is not None
            return ("shrinking" if has_images else "measuring"), shrunk_bytes(unit, size).high <= room
        case "tokens":
            # A page can be sent as its text instead of as an image, when the text is surely short enough.
            chars = max(unit.native_chars, unit.text_guess.high if unit.text_guess else 0)
            takes_text = case.target is not None and case.target.takes_text
            short = case.sees_images and takes_text and 0 < chars * TOKENS_PER_CHAR <= limit.max
            return ("text" if short else "nothing"), True
        case _:
            return "nothing", True
