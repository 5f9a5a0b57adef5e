"""The verdict: will it get through, which limit decides, and what to do. Pure and deterministic.

Order of precedence: unreadable, wont-fit, ocr-first, reduce, split, fits. A range counts with its high end: a wrong
"fits" costs more than one cut too many; when only the high end is over, a finding says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractors.facts import UnitKind
from preflight.advice import doubts, near_limits, ocr, over_limits, oversize, refusals, unseen_images
from preflight.case import Case, TargetView
from preflight.limits import raw_bytes_max
from preflight.margins import CUTTABLE, Measured, binding_reading, read_limits
from preflight.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractors.facts import DocumentFacts, Finding, Source, UnitFacts
    from preflight.margins import Reading
    from preflight.model import Binding, Estimate, HeldLimit, Limit, Plan, UnitEstimate

__all__ = ["Judgement", "TargetView", "judge"]

SHRUNK_SHARE = 0.1
"""Share of its bytes an image keeps when it is re-encoded at 200 dpi: measured 3 % for a colour scan of 600 dpi, and
35 % when it is not made smaller in pixels; 10 % is what this product counts on."""
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
    refused = refusals(case)
    bound = None if refused else binding_reading(readings)
    hopeless, reducible = _sorted_out(case, measured)
    if target is not None and target.sees == "refused":  # whatever else there is to say of it helps nobody
        return Judgement(verdict=_verdict(case, refused=True, reducible=False), binding=None, findings=refused)
    findings = (
        *refused,
        *oversize(case, hopeless, reducible),
        *ocr(case),
        *over_limits(case, hopeless),
        *doubts(case, bound),
        *near_limits(case),
        *unseen_images(case),
    )
    verdict = _verdict(case, refused=bool(refused or hopeless), reducible=bool(reducible))
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


def _sorted_out(case: Case, measured: Measured) -> tuple[dict[Reading, list[int]], dict[Reading, list[int]]]:
    """Units over a limit by themselves, by limit: those nothing helps, and those that can be made smaller."""
    hopeless: dict[Reading, list[int]] = {}
    reducible: dict[Reading, list[int]] = {}
    by_number = {unit.number: unit for unit in measured.facts.units}
    sizes = measured.sizes_alone()
    for reading in case.readings:
        for number in reading.alone:
            helps = _can_shrink(by_number[number], sizes[number], reading, case)
            (reducible if helps else hopeless).setdefault(reading, []).append(number)
    return hopeless, reducible


def _can_shrink(unit: UnitFacts, size: int, reading: Reading, case: Case) -> bool:
    """Whether a unit over a limit by itself can be brought under it without losing what it says."""
    limit = reading.limit
    match limit.measure:
        case "pixels-per-side" | "megapixels" | "page-points":
            return True
        case "bytes":
            images = size if case.facts.unit_kind == "frame" else min(size, unit.image_bytes)
            return size - images * (1 - SHRUNK_SHARE) <= raw_bytes_max(limit)
        case "tokens":
            # A page can be sent as its text instead of as an image, when the text is surely short enough.
            chars = max(unit.native_chars, unit.text_guess.high if unit.text_guess else 0)
            return case.sees_images and 0 < chars * TOKENS_PER_CHAR <= limit.max
        case _:
            return False
