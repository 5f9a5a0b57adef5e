"""Words that PDFium tears apart, put together again.

Where one stretch of text ends and the next begins at a distance, PDFium writes a space. It does not ask how far apart
the letters of the word stand. Invisible layers made by recognition space them out to fill the width of the word on the
picture, its last letter being a stretch of its own: "Th e Metropoli s". Only invisible text is mended: in formulas
small gaps part symbols that belong apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c

from extractors.pdf.objects import address_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.pdf.streamed import Box

_SINGLE = re.compile(r"(?<!\S)[^\W\d_](?!\S)")
_FEWEST = 4
_TORN_SHARE = 0.1
"""Share of single letters among the words from which on a page is looked at closely; torn pages had 0.23 to 0.37."""
_WIDER = 1.35
"""A gap up to this many times as wide as those between the letters beside it parts no words to the eye of a reader."""
_SPACE = 32


def unbroken(textpage: object, text: str) -> str:
    """Return the text of a page without the spaces that tear its words apart.

    Args:
        textpage: ``FPDF_TEXTPAGE``.
        text: Its visible text as streamed. Where that is not all of its letters in their order, it is left as it is.
    """
    if not _looks_torn(text):
        return text
    count = max(int(pdfium_c.FPDFText_CountChars(textpage)), 0)
    chars = [chr(pdfium_c.FPDFText_GetUnicode(textpage, index)) for index in range(count)]
    inked = [char for char in chars if not char.isspace()]
    if inked != [char for char in text if not char.isspace()]:
        return text
    torn = set(_tears(textpage, chars))
    return "".join(_kept(text, torn)) if torn else text


def _looks_torn(text: str) -> bool:
    """Whether there are more single letters among the words than a language has."""
    singles = sum(1 for letter in _SINGLE.findall(text) if letter.lower() != letter.upper())
    return singles >= _FEWEST and singles >= _TORN_SHARE * len(text.split())


def _tears(textpage: object, chars: list[str]) -> Iterator[int]:
    """Yield the number of letters before each space that stands inside a word."""
    letters = 0
    for index, char in enumerate(chars):
        if not char.isspace():
            letters += 1
        elif (
            ord(char) == _SPACE
            and 0 < index < len(chars) - 1
            and pdfium_c.FPDFText_IsGenerated(textpage, index) == 1
            and _is_tear(textpage, chars, index)
        ):
            yield letters


def _is_tear(textpage: object, chars: list[str], index: int) -> bool:
    """Whether the made-up space at an index is no wider than the gaps between the letters beside it."""
    before, after = index - 1, index + 1
    if chars[before].isspace() or chars[after].isspace() or not _is_invisible(textpage, before):
        return False
    usual = max(_inner_gap(textpage, before - 1, before), _inner_gap(textpage, after, after + 1))
    return 0 < _gap(_box(textpage, before), _box(textpage, after)) <= _WIDER * usual


def _is_invisible(textpage: object, index: int) -> bool:
    stretch = pdfium_c.FPDFText_GetTextObject(textpage, index)
    mode = pdfium_c.FPDFTextObj_GetTextRenderMode(stretch) if stretch else None
    return bool(mode == pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE)


def _inner_gap(textpage: object, index: int, following: int) -> float:
    """Return the gap between two letters of one stretch of text; 0 where they are not in one."""
    stretch = address_of(pdfium_c.FPDFText_GetTextObject(textpage, index)) if index >= 0 else 0
    if not stretch or stretch != address_of(pdfium_c.FPDFText_GetTextObject(textpage, following)):
        return 0.0
    return max(0.0, _gap(_box(textpage, index), _box(textpage, following)))


def _box(textpage: object, index: int) -> Box:
    """Return what a letter takes up with its side bearings."""
    box = pdfium_c.FS_RECTF()
    pdfium_c.FPDFText_GetLooseCharBox(textpage, index, box)
    return (box.left, box.bottom, box.right, box.top)


def _gap(one: Box, other: Box) -> float:
    """Return how far apart two boxes stand, sideways or upwards; negative where they overlap."""
    return max(other[0] - one[2], one[0] - other[2], other[1] - one[3], one[1] - other[3])


def _kept(text: str, torn: set[int]) -> Iterator[str]:
    """Yield the text without the spaces that follow these numbers of letters."""
    letters = 0
    for char in text:
        if not char.isspace():
            letters += 1
        elif char == " " and letters in torn:
            continue
        yield char
