"""Facts and a target → tokens, seconds and bytes, each as low, likely and high. Pure; prices are added afterwards.

Every figure has sentences in ``Estimate.basis`` (:mod:`preflight.basis`) that say where it comes from and from which
numbers it was made. What is unknown stays ``None``.
"""

from __future__ import annotations

from dataclasses import replace
from math import fsum
from typing import TYPE_CHECKING

from preflight.basis import OCR_CHAR_S, OCR_PAGE_S, Operands, basis_of
from preflight.limits import request_bytes
from preflight.model import Estimate, Range, SecondsRange, UnitEstimate
from preflight.sight import Sight, area_in_a4, guessed_chars, ocr_pages_of, sight_of, whole_text
from preflight.target import model_of
from preflight.tokens import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from extractors.facts import DocumentFacts, Source, UnitFacts, UnitName
    from preflight.model import UnitMeasure
    from preflight.profile import ServerRate, Target

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
    rate = rate_of(target, facts.unit_kind)
    texts = [sight.text_of(unit, by_number.get(unit.number)) for unit in facts.units]
    images = [sight.image_of(unit) for unit in facts.units]
    units = tuple(
        _unit(unit, by_number.get(unit.number), size, sight, text if image is NOTHING else text + image, rate)
        for unit, size, text, image in zip(facts.units, sizes, texts, images, strict=True)
    )
    whole = Estimate(
        tokens=None if sight.unknown else _total([unit.tokens for unit in units]),
        cost=None,
        seconds=server_seconds(units, rate, source.size_bytes),
        local_seconds=_sum_seconds([unit.local_seconds for unit in units]),
        upload_bytes=request_bytes(source.size_bytes, target.mode) if target else source.size_bytes,
        basis={},
    )
    operands = Operands(
        facts=facts,
        measures=by_number,
        sight=sight,
        target=target,
        model=chosen,
        rate=rate,
        size_bytes=source.size_bytes,
        texts=_total(texts),
        images=images,
    )
    return replace(whole, basis=basis_of(operands, whole)), units


def rate_of(target: Target | None, kind: UnitName) -> ServerRate | None:
    """Return the speed of a target for documents of a kind; None when it is not known.

    A speed by the page says nothing of flowing text, which has no pages until it is printed.
    """
    rate = target.rate if target else None
    return None if rate is None or (kind == "block" and any(rate.page + rate.ocr_page)) else rate


def _unit(
    unit: UnitFacts, measured: UnitMeasure | None, size: int, sight: Sight, tokens: Range, rate: ServerRate | None
) -> UnitEstimate:
    words = measured.words if measured else 0
    local = _NO_SECONDS
    if unit.needs_ocr:
        chars = guessed_chars(unit)
        words = max(words, chars.likely // _CHARS_PER_WORD)
        local = _ocr_seconds(area_in_a4(unit), chars)
    return UnitEstimate(
        number=unit.number,
        tokens=tokens,
        seconds=_rated(rate, size, ocr_pages_of(unit)) if rate else None,
        local_seconds=local,
        bytes=size,
        words=words,
        images=sight.images_per_unit,
    )


def _ocr_seconds(area: float, chars: Range) -> SecondsRange:
    low, likely, high = (
        round(page * max(0.1, area) + each * count, 3)
        for page, each, count in zip(OCR_PAGE_S, OCR_CHAR_S, (chars.low, chars.likely, chars.high), strict=True)
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


def _rated(rate: ServerRate, size: int, ocr_pages: float) -> SecondsRange:
    """Return the seconds a target takes for one unit of ``size`` bytes."""
    low, likely, high = (
        round(page + ocr * ocr_pages + each * size / 1_000_000, 6)
        for page, ocr, each in zip(rate.page, rate.ocr_page, rate.megabyte, strict=True)
    )
    return SecondsRange(low=low, likely=likely, high=high)


def resized(unit: UnitEstimate, size: int, rate: ServerRate | None) -> UnitEstimate:
    """Return what a unit costs when it brings ``size`` bytes instead of those it was estimated with."""
    seconds = unit.seconds
    if rate is not None and seconds is not None:
        low, likely, high = (each * (size - unit.bytes) / 1_000_000 for each in rate.megabyte)
        seconds = SecondsRange(
            low=round(seconds.low + low, 6),
            likely=round(seconds.likely + likely, 6),
            high=round(seconds.high + high, 6),
        )
    return replace(unit, bytes=size, seconds=seconds)


def server_seconds(units: Sequence[UnitEstimate], rate: ServerRate | None, size_bytes: int) -> SecondsRange | None:
    """Return the seconds a target takes for a file with these units; its own size counts, with what units share.

    Args:
        units: Units in the file.
        rate: Speed of the target; None when it is not known.
        size_bytes: Size of the file.
    """
    if rate is None:
        return None
    bare = (resized(unit, 0, rate).seconds for unit in units)
    total = _sum_seconds([seconds for seconds in bare if seconds is not None])
    low, likely, high = (
        request + each * size_bytes / 1_000_000 for request, each in zip(rate.request, rate.megabyte, strict=True)
    )
    return SecondsRange(
        low=round(total.low + low, 3), likely=round(total.likely + likely, 3), high=round(total.high + high, 3)
    )


def overhead_s(rate: ServerRate | None, shared_bytes: float) -> float:
    """Return the seconds (high end) that every request takes besides its units, for what all of them carry, too."""
    return rate.request[2] + rate.megabyte[2] * shared_bytes / 1_000_000 if rate else 0.0


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
