"""Where every figure of an estimate comes from: what it was made of, the rule, and the source of the rule. Pure.

A basis is a table: figure → sentence. A figure with a dot is a part of the one before it (``tokens.text``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

from preflight.model import Range
from preflight.ratios import ratio
from preflight.sight import area_in_a4, guessed_chars, guessed_tokens, ocr_pages_of, token_rates
from preflight.tokens import RatioCounter
from preflight.vision import ClaudeResize, Flat, GeminiTile, OpenAIPatch, OpenAITile
from preflight.wording import counted, interval, ratio_words, span, wide

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from extractors.facts import DocumentFacts, UnitFacts
    from preflight.model import Estimate, UnitMeasure
    from preflight.profile import ModelInfo, ServerRate, Target
    from preflight.ratios import Family, Ratio
    from preflight.sight import Sight
    from preflight.tokens import TokenCounter
    from preflight.vision import ImageRule

# Seconds of OCR by one worker, tesserocr with fast English data at 200 dpi: a part for the page (getting the pixels,
# layout) and a part for each character. Low and likely were fitted to 23 scanned pages of the test corpus (4,513
# characters 1.33 s, 2,426 characters 0.76 s, 97 characters 0.08 s of CPU); high covers the noisy, skewed pages of
# shared/facts/benchmarks.md (4,500 characters 2.6 s at 200 dpi, 3.0 s at 300; an empty noisy page 1.44 s).
OCR_PAGE_S = (0.05, 0.2, 1.5)
OCR_CHAR_S = (0.00025, 0.0003, 0.0006)
# Groups of units named in one sentence; the rest is summed up.
_MOST_GROUPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Operands:
    """What an estimate was made of.

    Attributes:
        facts: The document's facts.
        measures: Measured texts by unit number.
        sight: How the target sees the document.
        target: The receiving service; None for the document alone.
        model: The model, where there is one.
        rate: Speed of the target for such a document; None when unknown.
        size_bytes: Size of the file.
        texts: Tokens of all texts together.
        images: Tokens of each unit's image.
    """

    facts: DocumentFacts
    measures: Mapping[int, UnitMeasure]
    sight: Sight
    target: Target | None
    model: ModelInfo | None
    rate: ServerRate | None
    size_bytes: int
    texts: Range
    images: Sequence[Range]

    @property
    def unit(self) -> str:
        """What one unit is called."""
        return self.facts.unit_kind


def basis_of(made_of: Operands, whole: Estimate) -> dict[str, str]:
    """Say for each figure where it comes from; see the module for the shape."""
    basis = dict(_tokens(made_of, whole))
    basis["local_seconds"] = _local(made_of, whole)
    basis["upload_bytes"] = _upload(made_of, whole)
    if made_of.model is not None:
        basis["model"] = made_of.model.id + (f" ({made_of.model.note})" if made_of.model.note else "")
    if made_of.target is not None:
        basis["seconds"] = _seconds(made_of, made_of.target, whole)
    return basis


def _tokens(made_of: Operands, whole: Estimate) -> Iterator[tuple[str, str]]:
    sight = made_of.sight
    if whole.tokens is None:
        yield "tokens", f"unknown: {sight.unknown}"
        return
    text, images = made_of.texts, _sum(made_of.images)
    parts = []
    waiting = [unit for unit in made_of.facts.units if unit.needs_ocr and sight.after_ocr]
    if sight.counter is not None and sight.text:
        parts.append(f"text{', with what OCR would give,' if waiting else ''} {interval(text)}")
        yield "tokens.text", _text(made_of, sight.counter)
        if waiting:
            yield "tokens.ocr", _ocr(made_of, waiting, sight.counter)
    if sight.image_rule is not None:
        parts.append(f"images {interval(images)}")
        yield "tokens.images", _images(made_of, sight.image_rule)
    yield "tokens", f"{interval(whole.tokens)}" + (f" = {' + '.join(parts)}" if parts else "")
    yield "tokens.seen", _seen(sight)


def _seen(sight: Sight) -> str:
    words = sight.remark
    if sight.text_tokens == "unclear":
        words += "; whether native text counts besides page images is unclear, so it is in the high figure only"
    if sight.text_tokens == "free":
        words += "; native text is not charged besides page images"
    return words


def _text(made_of: Operands, counter: TokenCounter) -> str:
    """Tokens of the text in the file: the exact count, and the ratios where the tokenizer is another."""
    measures = list(made_of.measures.values())
    if not isinstance(counter, RatioCounter):
        exact = sum(counter.count(one).likely for one in measures)
        return f"{exact:,} in the text of {counted(len(measures), made_of.unit)}; {counter.basis}"
    base = sum(one.o200k for one in measures)
    own = _sum(counter.count(one) for one in measures)
    if not base:
        return f"no text in the file, so nothing to count; {counter.basis}"
    used = Counter(ratio(counter.family, one) for one in measures if one.o200k)
    words = [
        f"× {ratio_words(row)} {_script(counter.family, row)} ({counted(count, made_of.unit)})"
        for row, count in used.most_common(_MOST_GROUPS)
    ]
    others = used.most_common()[_MOST_GROUPS:]
    if others:
        low, high = min(row[0] for row, _ in others), max(row[2] for row, _ in others)
        count = sum(count for _, count in others)
        words.append(f"× {low / 1000:.2f} to {high / 1000:.2f} other mixtures ({counted(count, made_of.unit)})")
    capped = ", at most 1.092 tokens a UTF-8 byte" if counter.family.bytes_per_mille else ""
    return (
        f"{base:,} o200k tokens, counted exactly as tiktoken does, times the ratio of {counter.name} by script: "
        f"{'; '.join(words)}{capped}; in all {interval(own)}. Ratios: {counter.family.source}"
    )


def _script(family: Family, row: Ratio) -> str:
    """What kind of text a ratio is for."""
    named = {family.numeric: "numbers", family.latin: "other Latin script", family.english: "English prose"}
    return named.get(row, "by the scripts of the text")


def _images(made_of: Operands, rule: ImageRule) -> str:
    sizes = Counter(zip(map(_shape, made_of.facts.units), made_of.images, strict=True))
    rows = sizes.most_common()
    words = [f"{count:,} × {interval(tokens)} for {shape}" for (shape, tokens), count in rows[:_MOST_GROUPS]]
    others = rows[_MOST_GROUPS:]
    if others:
        low, high = min(tokens.low for (_, tokens), _ in others), max(tokens.high for (_, tokens), _ in others)
        words.append(f"{sum(count for _, count in others):,} others, {low:,} to {high:,} each")
    note = f"; {rule.note}" if rule.note else ""
    return f"{'; '.join(words)}. Rule: {_rule(rule)} ({rule.fact.cited}{note})"


def _shape(unit: UnitFacts) -> str:
    if unit.width_px is not None and unit.height_px is not None:
        return f"{unit.width_px:,} × {unit.height_px:,} px"
    if unit.width_pt is not None and unit.height_pt is not None:
        return f"{unit.width_pt:,.0f} × {unit.height_pt:,.0f} pt"
    return "a page of unknown size, taken as A4"


def _rule(rule: ImageRule) -> str:
    """The formula of a rule with its figures."""
    match rule:
        case Flat():
            return "the same for each"
        case ClaudeResize():
            return (
                f"one token for each 28 × 28 px after shrinking to an edge of {rule.edge_px:,} px and "
                f"{rule.budget_tokens:,} tokens"
            )
        case OpenAIPatch():
            return (
                f"{rule.per_mille / 1000:g} for each 32 × 32 px, long side at most {rule.max_side_px:,} px, at most "
                f"{rule.max_patches:,} squares"
            )
        case OpenAITile():
            return (
                f"{rule.base_tokens} + {rule.tile_tokens} for each 512 × 512 px after fitting into {rule.fit_px:,} px "
                f"and a short side of {rule.short_px:,} px"
            )
        case GeminiTile():
            return f"{rule.tokens} up to {rule.small_px} px a side, else for each {rule.tile_px} × {rule.tile_px} px"
        case _:
            return type(rule).__name__


def _ocr(made_of: Operands, waiting: Sequence[UnitFacts], counter: TokenCounter) -> str:
    chars = _sum(map(guessed_chars, waiting))
    like = made_of.sight.like
    rates, learned = token_rates(like)
    read = _sum(counter.scaled(guessed_tokens(guessed_chars(unit), like), like) for unit in waiting)
    seen = sum(unit.text_guess is not None for unit in waiting)
    by = "their pixels" if seen == len(waiting) else f"pixels ({seen:,}) and area ({len(waiting) - seen:,})"
    rate = "as in the text of the document" if learned else "as nothing is known of its language"
    return (
        f"{counted(len(waiting), made_of.unit)} without readable text: {wide(chars)} characters, guessed from "
        f"{by if seen else 'their area'}, at {wide(Range(low=rates[0], likely=rates[1], high=rates[2]))} o200k tokens "
        f"for 1,000 characters {rate}, make {wide(read)}. Without OCR the low figure holds and their content is lost"
    )


def _local(made_of: Operands, whole: Estimate) -> str:
    waiting = [unit for unit in made_of.facts.units if unit.needs_ocr]
    if not waiting:
        return "nothing needs OCR"
    chars, area = _sum(map(guessed_chars, waiting)), fsum(max(0.1, area_in_a4(unit)) for unit in waiting)
    each = "–".join(f"{second * 1000:g}" for second in OCR_CHAR_S)
    return (
        f"{span(whole.local_seconds)} s of one worker: {counted(len(waiting), made_of.unit)}, {area:.1f} times A4, "
        f"× {'–'.join(f'{second:g}' for second in OCR_PAGE_S)} s, and {wide(chars)} characters × {each} ms; measured "
        "with tesserocr at 200 dpi on two cores"
    )


def _upload(made_of: Operands, whole: Estimate) -> str:
    size, target = made_of.size_bytes, made_of.target
    if target is None:
        return f"{size:,} bytes: size of the file"
    mode = target.mode
    if mode.transport == "json-base64":
        coded = whole.upload_bytes - mode.overhead_bytes
        return (
            f"{whole.upload_bytes:,} bytes: base64 makes {coded:,} of {size:,} (4 for each 3 begun), and "
            f"{mode.overhead_bytes:,} of JSON around it, our allowance"
        )
    if mode.transport == "reference":
        return f"{size:,} bytes, put where {target.ref} fetches them"
    around = f"{mode.overhead_bytes:,} around them ({mode.transport}), our allowance"
    return f"{whole.upload_bytes:,} bytes: {size:,} of the file and {around}"


def _seconds(made_of: Operands, target: Target, whole: Estimate) -> str:
    rate = made_of.rate
    if rate is not None and whole.seconds is not None:
        parts = [f"{_three(rate.request)} s a request"]
        if any(rate.page):
            parts.append(f"{_three(rate.page)} s × {counted(made_of.facts.unit_count, made_of.unit)}")
        if any(rate.ocr_page):
            parts.append(f"{_three(rate.ocr_page)} s × {_ocr_pages(made_of)}")
        if any(rate.megabyte):
            parts.append(f"{_three(rate.megabyte)} s × {made_of.size_bytes / 1_000_000:,.3f} MB")
        return f"{span(whole.seconds)} s = {' + '.join(parts)}; rates of the profile ({rate.fact.cited})"
    if target.rate is not None:
        known = f"the speed of {target.ref} is known by the page ({target.rate.fact.cited})"
        return f"unknown: {known}, and flowing text has no pages until it is printed"
    return f"unknown: no rate of {target.ref} has been measured; uncalibrated"


def _ocr_pages(made_of: Operands) -> str:
    """Name the pages a service reads by OCR, and how many A4 pages they count as where that is more."""
    pages = [pages for unit in made_of.facts.units if (pages := ocr_pages_of(unit))]
    as_large = f", as large as {fsum(pages):.1f} of A4," if fsum(pages) > len(pages) else ""
    return f"{counted(len(pages), made_of.unit)}{as_large} to be read by OCR"


def _three(figures: tuple[float, float, float]) -> str:
    low, likely, high = figures
    return f"{likely:g}" if low == high else f"{low:g}–{likely:g}–{high:g}"


def _sum(parts: Iterable[Range]) -> Range:
    ranges = list(parts)
    return Range(
        low=sum(one.low for one in ranges),
        likely=sum(one.likely for one in ranges),
        high=sum(one.high for one in ranges),
    )
