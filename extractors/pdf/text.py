"""The text of one PDF page, as PDFium has it, in an order that can be read.

PDFium gives characters in the order of the content stream, which is the reading order of nearly every document; where
it is not, extractors/pdf/columns.py puts the columns one after another.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c

from extractors.clean import safe_text
from extractors.pdf.annotations import annotation_parts
from extractors.pdf.columns import column_boxes, is_prose
from extractors.pdf.streamed import HYPHEN, text_within, visible_box, visible_text
from extractors.pdf.torn import unbroken
from extractors.pdf.tounicode import NO_TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["annotation_parts", "page_text"]

_ROOM_PT = 144.0
"""A page narrower or lower than two inches has no columns to put in order."""
_FEW_CHARS = 400
_HYPHEN_AT_END = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_])")
_WORD_START = re.compile(r"\n?(([^\W\d_]*+)\S*+)(\s?)")
_LONGEST_PART = 60
_MANY_MARKS = 500


def page_text(textpage_raw: object, page_raw: object, width_pt: float, height_pt: float) -> str:
    r"""Return the text of a page, lines ending in ``\n``, safe to print.

    Only text within the visible part of the page counts. A word hyphenated at a line end is put together again, and its
    line ends after it. Text of annotations and form fields is not page text: see
    :func:`extractors.pdf.annotations.annotation_parts`.

    Args:
        textpage_raw: ``FPDF_TEXTPAGE`` of the page.
        page_raw: ``FPDF_PAGE``.
        width_pt: Width of the page as displayed.
        height_pt: Height of the page as displayed.
    """
    visible = visible_box(page_raw)
    text = visible_text(textpage_raw, visible, pdfium_c.FPDFPage_GetRotation(page_raw))
    if len(text) >= _FEW_CHARS and min(width_pt, height_pt) >= _ROOM_PT:
        boxes = column_boxes(textpage_raw, page_raw, visible, text)
        if boxes:
            ordered = _column_after_column(text, [text_within(textpage_raw, box) for box in boxes])
            if ordered != text:
                return _tidy(ordered)
    return _tidy(unbroken(textpage_raw, text))


def _column_after_column(streamed: str, columns: Sequence[str]) -> str:
    """Return the columns one after another, or the text as streamed where that would not be right.

    It would not where a word got lost, doubled or cut at the edge of a box, and where the lines do not run on from one
    to the next: those are rows of a table, whose cells belong side by side.
    """
    ordered = "\n".join(column.strip("\n") for column in columns if column.strip())
    if sorted(_words(ordered)) != sorted(_words(streamed)) or not is_prose(columns):
        return streamed
    return _HYPHEN_AT_END.sub(HYPHEN, ordered)


def _words(text: str) -> list[str]:
    """Return what stands between white space and line ends, a hyphen at a line end being the end of a word."""
    return text.replace(HYPHEN, "- ").split()


def _tidy(text: str) -> str:
    if NO_TEXT in text:
        text = text.replace(NO_TEXT, "")
    if HYPHEN in text:
        text = _unhyphenated(text)
    if " \n" in text or text.endswith(" "):
        text = "\n".join([line.rstrip(" \t") for line in text.split("\n")])
    return safe_text(text)


def _unhyphenated(text: str) -> str:
    """Put words cut at line ends together, with the hyphen where it is part of the word, and end the line after them.

    It is where the second part is capitalized (Jean-Paul), and where the same page has the word with one inside a line.
    """
    first_part, *others = text.split(HYPHEN)
    known = text if len(others) <= _MANY_MARKS else ""
    joined = [first_part]
    for part in others:
        before = _letters_at_end(joined[-1])
        start = _WORD_START.match(part)
        if not before or start is None:  # no hyphen of PDFium's, but a stray control character
            joined.append(part)
            continue
        after = start[2]
        kept = not after or after[0].isupper() or f"{before}-{after}" in known
        joined.append(f"{'-' if kept else ''}{start[1]}{start[3] and chr(10)}{part[start.end() :]}")
    return "".join(joined)


def _letters_at_end(text: str) -> str:
    start = end = len(text)
    while start > max(end - _LONGEST_PART, 0) and text[start - 1].isalpha():
        start -= 1
    return text[start:]
