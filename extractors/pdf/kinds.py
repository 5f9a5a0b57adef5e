"""From measurements to what a page is and whether it needs OCR. Pure rules, no file, no library.

Two questions are kept apart. *Kind*: what is the page mostly? *Needs OCR*: does the page show text that its text layer
lacks? Most pages are settled by their structure (:func:`wants_look` says which are not); the rest are looked at by
:mod:`extractors.pixels`, with the trusted part of the text layer blotted out, so that writing which is then still to
be seen is exactly the writing that is missing.

Figures are set where the classes are far apart on the 263 labelled pages and on generated variants, not at the edge of
either; what each one separates stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractors.facts import TextGuess, UnitKind

if TYPE_CHECKING:
    from extractors.pdf.pages import PageMeasure
    from extractors.pixels import PixelLook

NO_UNICODE = "no-unicode"
"""Why a text layer lies: its fonts do not say which letters their glyphs are."""
PICTURED = 0.5
"""Pages with at least this share under images are bitmap pages; figures in a text page rarely reach it."""
_SOME_PICTURE = 0.2
_UNMAPPED = 0.3  # of the sample: 0.0 to 0.21 where text is right (formulas, ligatures), 0.7 to 1.0 where it is not
_HIDDEN = 0.5
_SLIVER = 1_000.0  # one side this many times the other: nobody reads such a page, and no service renders it

# Which pages are looked at.
_CHARS_PER_PICTURE = 1_200  # a page full of text has 2,000 and more: with so many the picture is a background
_LAYER_CHARS = 200  # an invisible layer of this size was made by OCR; stamps and page numbers are shorter
_OUTLINES = 1_000  # segments: about 50 letters drawn as curves
_OUTLINES_PER_PATH = 8  # drawings have 4 to 5, letters 15 and more
_OUTLINES_PER_CHAR = 20  # a letter drawn as curves has 10 to 40

_MISSING = 100  # beside a trusted layer: less is a caption or a slip between boxes and glyphs
_MISSING_OF_LAYER = 0.6  # an OCR layer's boxes never fit exactly


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a page is.

    Attributes:
        kind: Its kind.
        needs_ocr: It shows text that its text layer lacks.
        reasons: Why, as slugs, in the order they were found.
        guess: Characters OCR would give; only where ``needs_ocr``.
    """

    kind: UnitKind
    needs_ocr: bool = False
    reasons: tuple[str, ...] = ()
    guess: TextGuess | None = None


def layer_lies(measure: PageMeasure, gibberish: str | None) -> str | None:
    """Return why the text layer is not to be trusted, as a slug, or None.

    Args:
        measure: The page.
        gibberish: What :func:`extractors.legibility.gibberish` said of its text.
    """
    if measure.sample.share(measure.sample.unmapped) >= _UNMAPPED:
        return NO_UNICODE
    return gibberish


def is_layer_hidden(measure: PageMeasure) -> bool:
    """Whether most of the text is not to be seen as text: drawn invisibly, or under a picture."""
    return measure.sample.share(measure.sample.unseen) >= _HIDDEN


def is_sliver(measure: PageMeasure) -> bool:
    """Whether the page is too narrow to be rendered."""
    shorter, longer = sorted((measure.width_pt, measure.height_pt))
    return shorter <= 0 or longer > _SLIVER * shorter


def wants_look(measure: PageMeasure, lies: str | None) -> bool:
    """Whether the structure leaves open what the page is, so that its pixels must be looked at."""
    if measure.empty or is_sliver(measure):
        return False
    chars = measure.native_chars
    if not chars:
        return True
    if lies:
        return chars < _LAYER_CHARS and measure.coverage >= _SOME_PICTURE
    if is_layer_hidden(measure) and chars >= _LAYER_CHARS:
        return measure.coverage < _SOME_PICTURE  # an OCR layer lies on a picture
    if measure.own_coverage >= _SOME_PICTURE and chars < _CHARS_PER_PICTURE * measure.own_coverage:
        return True
    outlined = max(_OUTLINES, _OUTLINES_PER_CHAR * chars, _OUTLINES_PER_PATH * measure.paths)
    return measure.segments >= outlined


def judge(measure: PageMeasure, lies: str | None, look: PixelLook | None, *, annotated: int = 0) -> Judgement:
    """Decide what a page is.

    Args:
        measure: The page.
        lies: What :func:`layer_lies` said.
        look: What its pixels show beside the trusted text; None when they were not looked at, or could not be.
        annotated: Characters of text in annotations and form fields, which were left out of the look.
    """
    if is_sliver(measure):
        return Judgement(kind=UnitKind.UNREADABLE, reasons=("impossible-size",))
    if measure.empty:
        return Judgement(kind=UnitKind.BLANK, reasons=("nothing-drawn",))
    if lies:
        return _with_lying_layer(measure, lies, look)
    if not measure.native_chars:
        return _without_layer(measure, look, annotated)
    if is_layer_hidden(measure):
        return _with_hidden_layer(measure, look)
    return _with_visible_text(measure, look)


def _without_layer(measure: PageMeasure, look: PixelLook | None, annotated: int) -> Judgement:
    """No text layer: the pixels decide."""
    if look is None:
        return Judgement(kind=UnitKind.UNREADABLE, reasons=("no-text-layer", "cannot-be-drawn"))
    if not look.shows_text:
        if annotated and measure.coverage < _SOME_PICTURE:
            return Judgement(kind=UnitKind.TEXT, reasons=("annotation-text",))
        if look.blank:
            return Judgement(kind=UnitKind.BLANK, reasons=("no-text-layer", "nothing-to-see"))
        return Judgement(kind=UnitKind.IMAGE, reasons=("no-text-layer", "picture-without-text"))
    if measure.image_count and (measure.coverage >= _SOME_PICTURE or not measure.paths):
        return _ocr(UnitKind.SCAN, look.guess, "no-text-layer", "text-in-image")
    return _ocr(UnitKind.TEXT, look.guess, "no-text-layer", "text-as-curves")


def _with_lying_layer(measure: PageMeasure, lies: str, look: PixelLook | None) -> Judgement:
    """A text layer nobody can read."""
    pictured = measure.coverage >= PICTURED
    reasons = ("text-layer-lies", lies)
    if look is not None and look.blank:
        return Judgement(kind=UnitKind.BLANK, reasons=(*reasons, "nothing-to-see"))
    if look is not None and pictured and not look.shows_text:
        return Judgement(kind=UnitKind.IMAGE, reasons=(*reasons, "picture-without-text"))
    kind = UnitKind.HYBRID if pictured else UnitKind.TEXT
    guess = (
        look.guess if look is not None and look.shows_text else _about(max(measure.native_chars, measure.sample.size))
    )
    return _ocr(kind, guess, *reasons)


def _with_hidden_layer(measure: PageMeasure, look: PixelLook | None) -> Judgement:
    """A text layer that does not show: an OCR layer over a picture of the page."""
    if look is not None:
        missing = look.guess.likely
        if look.shows_text and missing >= max(_MISSING, _MISSING_OF_LAYER * measure.native_chars):
            return _ocr(UnitKind.HYBRID, look.guess, "hidden-text", "text-missing-from-layer")
        if measure.coverage < _SOME_PICTURE and look.blank:
            return Judgement(kind=UnitKind.BLANK, reasons=("hidden-text", "nothing-to-see"))
    kind = UnitKind.HYBRID if measure.coverage >= _SOME_PICTURE else UnitKind.TEXT
    return Judgement(kind=kind, reasons=("hidden-text",))


def _with_visible_text(measure: PageMeasure, look: PixelLook | None) -> Judgement:
    """Text set in fonts, perhaps beside or on pictures."""
    if look is None:
        return Judgement(kind=UnitKind.TEXT, reasons=("native-text",))
    if look.shows_text and look.guess.likely >= max(_MISSING, _SOME_PICTURE * measure.native_chars):
        if measure.coverage >= _SOME_PICTURE:
            return _ocr(UnitKind.HYBRID, look.guess, "native-text", "text-in-image")
        return _ocr(UnitKind.TEXT, look.guess, "native-text", "text-as-curves")
    if measure.coverage >= PICTURED and measure.native_chars < _LAYER_CHARS and not look.blank:
        return Judgement(kind=UnitKind.IMAGE, reasons=("native-text", "picture-dominates"))
    return Judgement(kind=UnitKind.TEXT, reasons=("native-text",))


def _ocr(kind: UnitKind, guess: TextGuess, *reasons: str) -> Judgement:
    return Judgement(kind=kind, needs_ocr=True, reasons=reasons, guess=guess)


def _about(chars: int) -> TextGuess:
    """A text layer that lies still has about as many characters as the page."""
    return TextGuess(low=round(chars * 0.6), likely=chars, high=round(chars * 1.4))
