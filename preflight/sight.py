"""What a target would count for one unit, given how it sees the document.

A scan is nothing to a service that takes text out of files, one page image to a service with eyes, and both text and
image to some; :class:`Sight` holds that decision for one document and one target, made once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from preflight.model import Range, UnitMeasure
from preflight.tokens import NOTHING, TOKENIZERS, TokenCounter
from preflight.wording import kinds_of_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from extractors.facts import UnitFacts
    from preflight.profile import ModelInfo, Target, TextTokens
    from preflight.vision import ImageRule

# Points of an A4 page, for units that do not say how large they are.
A4_PT = (595.0, 842.0)
_A4_AREA_PT2 = 595.0 * 842.0
# Characters OCR may give for an A4 page nobody looked at: none (a photograph) to a dense page; the densest of the scans
# measured for this project had 4,513 characters on a letter page, synthetic dense pages about the same.
_PAGE_CHARS = (0, 1800, 6000)
_MOST_A4 = 8.0
# o200k tokens for 1,000 characters when the document has no text to learn from: English prose 219 (20 MB), tables of
# numbers up to 590, Chinese and Japanese 750 to 900.
_TOKENS_PER_1000_CHARS = (190, 250, 700)
# Learned from the document's own text: how far one page may differ from the rest, in per mille.
_SPREAD = (800, 1000, 1300)
_LEARN_FROM_CHARS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How one target sees one document.

    Attributes:
        counter: Tokenizer; None when the target counts no tokens.
        text: Whether native text counts.
        text_tokens: With page images: whether it counts for certain.
        image_rule: Rule for page images or frames; None when none count or the cost is unknown.
        after_ocr: The target reads text only, so a scan counts what OCR would give.
        images_per_unit: Images counted for each unit.
        unknown: Why tokens are unknown; empty when they are known.
        remark: What the basis adds on how the target sees the document.
        like: The measured text of the whole document, to guess the rest from.
    """

    counter: TokenCounter | None
    text: bool
    text_tokens: TextTokens = "counted"
    image_rule: ImageRule | None = None
    after_ocr: bool = False
    images_per_unit: int = 0
    unknown: str = ""
    remark: str = ""
    like: UnitMeasure | None = None
    _pages: dict[tuple[float | None, float | None], Range] = field(default_factory=dict, repr=False, compare=False)

    def text_of(self, unit: UnitFacts, measured: UnitMeasure | None) -> Range:
        """Tokens of the unit's text: native text as it is, and where it must be read first what OCR would give."""
        if self.counter is None or not self.text:
            return NOTHING
        native = self.counter.count(measured) if measured is not None else NOTHING
        if self.text_tokens == "unclear":
            return Range(low=0, likely=0, high=native.high)
        if not (self.after_ocr and unit.needs_ocr):
            return native
        read = self.counter.scaled(guessed_tokens(guessed_chars(unit), self.like), self.like)
        return Range(low=native.low, likely=max(native.likely, read.likely), high=max(native.high, read.high))

    def image_of(self, unit: UnitFacts) -> Range:
        """Tokens of the page image or the frame."""
        rule = self.image_rule
        if rule is None:
            return NOTHING
        if unit.width_px is not None and unit.height_px is not None:
            return rule.image(unit.width_px, unit.height_px)
        size = (unit.width_pt, unit.height_pt)
        known = self._pages.get(size)
        if known is None:
            known = rule.page(size[0] or A4_PT[0], size[1] or A4_PT[1])
            self._pages[size] = known
        return known


def sight_of(target: Target | None, model: ModelInfo | None, media_type: str, like: UnitMeasure | None) -> Sight:
    """Decide how a target sees a document.

    Args:
        target: The receiving service in its mode; None for the document alone, counted in o200k.
        model: The model, where there is one.
        media_type: Media type of the document.
        like: The measured text of the whole document.
    """
    if target is None:
        remark = "no target named, so text is counted in o200k and scans by what OCR would give"
        return Sight(counter=TOKENIZERS["o200k"], text=True, after_ocr=True, remark=remark, like=like)
    name = model.tokenizer if model else target.tokenizer
    counter = TOKENIZERS[name] if name else None
    seen = target.acceptance(media_type)
    if seen is None:
        return _blind(f"it is not known how {target.ref} sees {kinds_of_file((media_type,))}")
    if seen.sees == "refused":
        return _blind(f"{target.ref} does not take {kinds_of_file((media_type,))}")
    if counter is None:
        return _blind(f"the profile of {target.ref} names no tokenizer, so nothing there is counted in tokens")
    is_image = media_type.startswith("image/")
    rule = None
    if "image" in seen.sees:
        owner = model or target
        rule = owner.image_rule if is_image else owner.page_rule
    why = "; ".join(part for part in (seen.fact.cited if seen.fact else "", seen.note) if part)
    remark = f"{target.ref} sees it as {seen.sees} ({why})"
    if "image" in seen.sees and rule is None:
        if seen.sees == "image":
            return _blind(f"{target.ref} does not publish what an image counts")
        remark += "; what a page image counts is not published, so only text is counted"
    return Sight(
        counter=counter,
        text=seen.sees != "image" and seen.text_tokens != "free",
        text_tokens=seen.text_tokens,
        image_rule=rule,
        after_ocr=seen.sees in {"text", "retrieval"},
        images_per_unit=max(seen.images_per_unit, int(is_image)),
        remark=remark,
        like=like,
    )


def _blind(why: str) -> Sight:
    return Sight(counter=None, text=False, unknown=why)


def whole_text(measures: Iterable[UnitMeasure]) -> UnitMeasure:
    """Add up the measures of all units; number 0."""
    chars = utf8 = words = o200k = cl100k = function_words = 0
    scripts: dict[str, int] = {}
    for one in measures:
        chars += one.chars
        utf8 += one.utf8_bytes
        words += one.words
        o200k += one.o200k
        cl100k += one.cl100k
        function_words += one.function_words
        for script, count in one.scripts.items():
            scripts[script] = scripts.get(script, 0) + count
    return UnitMeasure(
        number=0,
        chars=chars,
        utf8_bytes=utf8,
        words=words,
        o200k=o200k,
        cl100k=cl100k,
        scripts=scripts,
        function_words=function_words,
    )


def area_in_a4(unit: UnitFacts) -> float:
    """Area of a unit in A4 pages, between 0 and 8; 1 when its real size is unknown."""
    width, height = unit.width_pt, unit.height_pt
    if width is None or height is None:
        if unit.width_px is None or unit.height_px is None or not unit.dpi:
            return 1.0
        width, height = unit.width_px * 72 / unit.dpi, unit.height_px * 72 / unit.dpi
    return min(_MOST_A4, max(0.0, width * height / _A4_AREA_PT2))


def ocr_pages_of(unit: UnitFacts) -> float:
    """Return how many pages of OCR a unit is to a service that recognizes what has no text or needs it.

    0 where it has text; 1 up to A4; above, its area in A4 pages: OCRmyPDF took 0.1 to 3.3 seconds for each of them on
    pages of 43 documents, from a hundredth of A4 to 140 times of it, but up to 11 seconds for a page.
    """
    return max(1.0, area_in_a4(unit)) if unit.needs_ocr or unit.native_chars == 0 else 0.0


def guessed_chars(unit: UnitFacts) -> Range:
    """Characters OCR would give: the extractor's guess from the pixels, else a wide interval from the area."""
    guess = unit.text_guess
    if guess is not None:
        return Range(low=guess.low, likely=guess.likely, high=guess.high)
    area = area_in_a4(unit)
    low, likely, high = (round(chars * area) for chars in _PAGE_CHARS)
    return Range(low=low, likely=likely, high=high)


def guessed_tokens(chars: Range, like: UnitMeasure | None) -> Range:
    """o200k tokens for characters, at the rate of the document's own text where there is enough of it."""
    (low, likely, high), _ = token_rates(like)
    return Range(low=chars.low * low // 1000, likely=chars.likely * likely // 1000, high=-(-chars.high * high // 1000))


def token_rates(like: UnitMeasure | None) -> tuple[tuple[int, int, int], bool]:
    """Return o200k tokens for 1,000 characters (low, likely, high), and whether the document's own text told them."""
    if like is None or like.chars < _LEARN_FROM_CHARS or not like.o200k:
        return _TOKENS_PER_1000_CHARS, False
    low, likely, high = (like.o200k * spread // like.chars for spread in _SPREAD)
    return (low, likely, high), True
