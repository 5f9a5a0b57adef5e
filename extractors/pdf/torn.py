"""Words that PDFium tears apart, put together again.

Where one stretch of text ends and the next begins at a distance, PDFium writes a space. It does not ask how far apart
the letters of the word stand. Invisible layers made by recognition space them out to fill the width of the word on the
picture, its last letter being a stretch of its own: "Th e Metropoli s". Only invisible text is mended: in formulas
small gaps part symbols that belong apart.
"""

from __future__ import annotations

import ctypes
import re
from itertools import repeat
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c

from extractors.pdf.objects import address_of, fast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.pdf.streamed import Box

_FEWEST = 4
_TORN_SHARE = 0.1
"""Share of single letters among the words from which on a page is looked at closely; torn pages had 0.23 to 0.37."""
_WIDER = 1.35
"""A gap up to this many times as wide as those between the letters beside it parts no words to the eye of a reader."""
_MADE_UP = re.compile(r"(?<=\S) (?=\S)")
_unicode_at = fast(pdfium_c.FPDFText_GetUnicode, ctypes.c_uint, ctypes.c_void_p, ctypes.c_int)
_is_generated = fast(pdfium_c.FPDFText_IsGenerated, ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_SAMPLES = 12


def unbroken(textpage: object, text: str) -> str:
    """Return the text of a page without the spaces that tear its words apart.

    Args:
        textpage: ``FPDF_TEXTPAGE``.
        text: Its visible text as streamed. Where that is not all of its letters in their order, it is left as it is.
    """
    if not _looks_torn(text):
        return text
    count = max(int(pdfium_c.FPDFText_CountChars(textpage)), 0)
    if not any(_is_invisible(textpage, index) for index in range(0, count, count // _SAMPLES + 1)):
        return text
    streamed = "".join(map(chr, map(_unicode_at, repeat(address_of(textpage), count), range(count))))
    if "".join(streamed.split()) != "".join(text.split()):
        return text
    torn = set(_tears(textpage, streamed))
    return "".join(_kept(text, torn)) if torn else text


def _looks_torn(text: str) -> bool:
    """Whether there are more single letters among the words than a language has."""
    words = text.split()
    singles = sum(word.isalnum() and word.lower() != word.upper() for word in words if len(word) == 1)
    return singles >= _FEWEST and singles >= _TORN_SHARE * len(words)


def _tears(textpage: object, streamed: str) -> Iterator[int]:
    """Yield the number of letters before each space that stands inside a word."""
    address = address_of(textpage)
    letters = passed = 0
    for space in _MADE_UP.finditer(streamed):
        index = space.start()
        letters += len("".join(streamed[passed:index].split()))
        passed = index
        if _is_generated(address, index) == 1 and _is_tear(textpage, index):
            yield letters


def _is_tear(textpage: object, index: int) -> bool:
    """Whether the made-up space at an index is no wider than the gaps between the letters beside it."""
    before, after = index - 1, index + 1
    if not _is_invisible(textpage, before):
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
