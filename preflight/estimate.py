"""Facts and a target → tokens, seconds and bytes, each as low, likely and high. Pure; prices are added afterwards.

Every figure has a sentence in ``Estimate.basis`` that says where it comes from. What is unknown stays ``None``.
"""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

from preflight.limits import request_bytes
from preflight.model import Estimate, Range, SecondsRange, UnitEstimate
from preflight.sight import Sight, area_in_a4, guessed_chars, sight_of, whole_text
from preflight.target import model_of
from preflight.tokens import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from extractors.facts import DocumentFacts, Source, UnitFacts
    from preflight.model import UnitMeasure
    from preflight.profile import ModelInfo, ServerRate, Target

# Seconds of OCR by one worker, tesserocr with fast English data at 200 dpi: a part for the page (getting the pixels,
# layout) and a part for each character. Low and likely were fitted to 23 scanned pages of the test corpus (4,513
# characters 1.33 s, 2,426 characters 0.76 s, 97 characters 0.08 s of CPU); high covers the noisy, skewed pages of
# shared/facts/benchmarks.md (4,500 characters 2.6 s at 200 dpi, 3.0 s at 300; an empty noisy page 1.44 s).
_OCR_PAGE_S = (0.05, 0.2, 1.5)
_OCR_CHAR_S = (0.00025, 0.0003, 0.0006)
_NO_SECONDS = SecondsRange(low=0.0, likely=0.0, high=0.0)
# Letters of a word with the space after it, for words that only OCR will give.
_CHARS_PER_WORD = 6


def estimate(
    facts: DocumentFacts,
    measures: Sequence[UnitMeasure],
    source: Source,
    target: Target | None = None,
    model: str | None = None,
) -> tuple[Estimate, tuple[UnitEstimate, ...]]:
    """Say what a document costs at a target, as a whole and unit by unit.

    Args:
        facts: What the extractor found.
        measures: Measured texts; units without text may be missing.
        source: The file.
        target: The receiving service in its mode; None for the document alone.
        model: Model id; None for the target's default.

    Returns:
        The estimate (its ``cost`` is None, see :func:`preflight.prices.with_cost`) and one entry a unit, in order.
        Tokens of an entry are 0 where the tokens of the whole are None.

    Raises:
        UnknownTarget: The target does not know the model.
    """
    chosen = model_of(target, model) if target else None
    by_number = {one.number: one for one in measures}
    sight = sight_of(target, chosen, source.media_type, whole_text(measures))
    sizes = _unit_bytes(facts, by_number, source.size_bytes)
    rate = target.rate if target else None
    units = tuple(
        _unit(unit, by_number.get(unit.number), size, sight, rate)
        for unit, size in zip(facts.units, sizes, strict=True)
    )
    upload = request_bytes(source.size_bytes, target.mode) if target else source.size_bytes
    seconds = _server_seconds(units, rate)
    return Estimate(
        tokens=None if sight.unknown else _total([unit.tokens for unit in units]),
        cost=None,
        seconds=seconds,
        local_seconds=_sum_seconds([unit.local_seconds for unit in units]),
        upload_bytes=upload,
        basis=_basis(facts.units, sight, target, chosen, source.size_bytes),
    ), units


def _unit(
    unit: UnitFacts, measured: UnitMeasure | None, size: int, sight: Sight, rate: ServerRate | None
) -> UnitEstimate:
    text, image = sight.text_of(unit, measured), sight.image_of(unit)
    words = measured.words if measured else 0
    local = _NO_SECONDS
    if unit.needs_ocr:
        chars = guessed_chars(unit)
        words = max(words, chars.likely // _CHARS_PER_WORD)
        local = _ocr_seconds(area_in_a4(unit), chars)
    return UnitEstimate(
        number=unit.number,
        tokens=text if image is NOTHING else text + image,
        seconds=rated(rate, size) if rate else None,
        local_seconds=local,
        bytes=size,
        words=words,
        images=sight.images_per_unit,
    )


def _ocr_seconds(area: float, chars: Range) -> SecondsRange:
    low, likely, high = (
        round(page * max(0.1, area) + each * count, 3)
        for page, each, count in zip(_OCR_PAGE_S, _OCR_CHAR_S, (chars.low, chars.likely, chars.high), strict=True)
    )
    return SecondsRange(low=low, likely=likely, high=high)


def _unit_bytes(facts: DocumentFacts, measures: Mapping[int, UnitMeasure], size_bytes: int) -> list[int]:
    """Return the bytes each unit brings. Where the extractor tells none, the file is shared out by the text."""
    stored = [unit.stored_bytes for unit in facts.units]
    if any(stored) or not stored:
        return stored
    # One byte for each unit besides its text, so that units without text take part too.
    shares = [1 + (measures[unit.number].utf8_bytes if unit.number in measures else 0) for unit in facts.units]
    whole = sum(shares)
    sizes, before = [], 0
    running = 0
    for share in shares:
        running += share
        after = -(-size_bytes * running // whole)
        sizes.append(after - before)
        before = after
    return sizes


def rated(rate: ServerRate, size: int) -> SecondsRange:
    """Return the seconds a target takes for one unit of ``size`` bytes."""
    low, likely, high = (
        round(page + each * size / 1_000_000, 6) for page, each in zip(rate.page, rate.megabyte, strict=True)
    )
    return SecondsRange(low=low, likely=likely, high=high)


def _server_seconds(units: Sequence[UnitEstimate], rate: ServerRate | None) -> SecondsRange | None:
    if rate is None:
        return None
    low, likely, high = rate.request
    total = _sum_seconds([unit.seconds for unit in units if unit.seconds is not None])
    return SecondsRange(
        low=round(total.low + low, 3), likely=round(total.likely + likely, 3), high=round(total.high + high, 3)
    )


def _sum_seconds(parts: Sequence[SecondsRange]) -> SecondsRange:
    return SecondsRange(
        low=round(fsum(part.low for part in parts), 3),
        likely=round(fsum(part.likely for part in parts), 3),
        high=round(fsum(part.high for part in parts), 3),
    )


def _total(parts: Sequence[Range]) -> Range:
    return Range(
        low=sum(part.low for part in parts),
        likely=sum(part.likely for part in parts),
        high=sum(part.high for part in parts),
    )


def _basis(
    units: Sequence[UnitFacts], sight: Sight, target: Target | None, model: ModelInfo | None, size_bytes: int
) -> dict[str, str]:
    """Say for each figure where it comes from."""
    waiting = sum(unit.needs_ocr for unit in units)
    basis = {
        "tokens": f"unknown: {sight.unknown}" if sight.unknown else _tokens_basis(units, sight, waiting),
        "local_seconds": _local_basis(waiting),
        "upload_bytes": _upload_basis(target, size_bytes),
    }
    if model is not None:
        basis["model"] = model.id + (f" ({model.note})" if model.note else "")
    rate = target.rate if target else None
    if rate is not None:
        basis["seconds"] = f"rates of the profile ({rate.fact.cited})"
    elif target is not None:
        basis["seconds"] = f"unknown: no rate of {target.ref} has been measured; uncalibrated"
    return basis


def _tokens_basis(units: Sequence[UnitFacts], sight: Sight, waiting: int) -> str:
    parts = [sight.remark]
    if sight.counter is not None and sight.text:
        parts.append(f"text: {sight.counter.basis}")
    if sight.text_tokens == "unclear":
        parts.append("whether native text counts besides page images is unclear, so it is in the high figure only")
    if sight.text_tokens == "free":
        parts.append("native text is not charged besides page images")
    rule = sight.image_rule
    if rule is not None:
        note = f"; {rule.note}" if rule.note else ""
        parts.append(f"images: {len(units)} ({rule.fact.cited}{note})")
    if waiting and sight.after_ocr:
        parts.append(
            f"{waiting} need OCR: without it the low figure holds and their content is lost; the others count the text "
            "OCR would give"
        )
    return "; ".join(parts)


def _local_basis(waiting: int) -> str:
    if not waiting:
        return "nothing needs OCR"
    return f"{waiting} to recognize here, seconds of one worker; measured with tesserocr at 200 dpi on two cores"


def _upload_basis(target: Target | None, size_bytes: int) -> str:
    if target is None:
        return "size of the file"
    mode = target.mode
    if mode.transport == "json-base64":
        return f"base64 of {size_bytes:,} bytes (4 for 3) and {mode.overhead_bytes:,} of JSON around it, our allowance"
    if mode.transport == "reference":
        return f"{size_bytes:,} bytes, put where {target.ref} fetches them"
    return f"{size_bytes:,} bytes and {mode.overhead_bytes:,} around them ({mode.transport}), our allowance"
