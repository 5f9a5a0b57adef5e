"""The text of a page or of a box of it, from the two calls PDFium has for that, neither of which is right alone.

``FPDFText_GetBoundedText`` has every character, and only those in the box. It decides by heights alone where a line
ends, so that lines of a page lying on its side, or cells on one baseline, are glued together ("37,499.96SMITH").
``FPDFText_GetText`` ends lines where they end, but knows no box, drops characters beyond U+FFFF, and stops early where
one glyph stands for several letters. The first is taken where nothing is missing from it; else the second, if it has
the same letters.
"""

from __future__ import annotations

import ctypes
import math
from itertools import pairwise

import pypdfium2.raw as pdfium_c

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in points of the page's own coordinates."""

HYPHEN = "\x02"
"""What PDFium writes in place of a hyphen and the line end after it (``FPDFText_GetText`` writes U+FFFE)."""
_EVERYWHERE = (-1e6, -1e6, 1e6, 1e6)
_BUFFER = ctypes.c_ushort * 1
_SAMPLES = 9
_ALONG = 0.995  # cosine of 6 degrees
_SAME_START_PT = 3.0
"""Letters differ in their side bearing."""


def visible_box(page: object) -> Box:
    """Return the visible part of a page (``FPDF_PAGE``)."""
    box = pdfium_c.FS_RECTF()
    if not pdfium_c.FPDF_GetPageBoundingBox(page, box):
        return _EVERYWHERE
    return (box.left, box.bottom, box.right, box.top)


def visible_text(textpage: object, visible: Box, rotation: int = 0) -> str:
    r"""Return the text of a page as its content streams it, lines ending in ``\n``.

    Args:
        textpage: ``FPDF_TEXTPAGE``.
        visible: From :func:`visible_box`; what lies outside is left out.
        rotation: Quarters by which the page is turned clockwise for display.
    """
    count = max(int(pdfium_c.FPDFText_CountChars(textpage)), 0)
    bounded, units = _bounded(textpage, visible, count + 16)
    turned = rotation % 4 != 0 and _runs_down(textpage, count, rotation)
    if units >= count and not turned:
        return bounded
    streamed = _streamed(textpage, count)
    letters = _letters(bounded)
    same, down = _letters(streamed) == letters, turned or _runs_down(textpage, count, rotation)
    if same and not down:
        return streamed.replace("\r\n", "\n")
    if not same:
        part = _lines_with(streamed, letters)
        if part is not None and not down:
            return part
    lines = _lines(textpage, streamed)
    if not same:
        lines = [line for line in lines if line.touches(visible)]
        if _letters("".join(line.text for line in lines)) != letters:
            return bounded
    return "\n".join(line.text for line in (_turned_around(lines, rotation) if down else lines))


def text_within(textpage: object, box: Box) -> str:
    """Return the text of a box, streamed; see above for where its lines may be glued together."""
    return _bounded(textpage, box, 4096)[0]


def _bounded(textpage: object, box: Box, size: int) -> tuple[str, int]:
    """Return the text of a box and its length in UTF-16 units.

    One call with a roomy buffer: asking for the size first would cost PDFium a second pass.
    """
    left, bottom, right, top = box
    while True:
        buffer = bytearray(2 * size)
        pointer = _BUFFER.from_buffer(buffer)
        written = int(pdfium_c.FPDFText_GetBoundedText(textpage, left, top, right, bottom, pointer, size))
        if written < size:
            break
        size *= 2
    text = buffer[: 2 * max(written, 0)].decode("utf-16-le", "surrogatepass").rstrip("\0")
    return text.replace("\r\n", "\n"), max(written - 1, 0)


def _streamed(textpage: object, count: int) -> str:
    buffer = bytearray(2 * count + 4)
    written = int(pdfium_c.FPDFText_GetText(textpage, 0, count, _BUFFER.from_buffer(buffer)))
    text = buffer[: 2 * max(written, 0)].decode("utf-16-le", "surrogatepass").rstrip("\0")
    return text.replace("\ufffe", HYPHEN)


def _letters(text: str) -> str:
    return "".join(text.split())


def _lines_with(streamed: str, letters: str) -> str | None:
    """Return the run of whole lines that has exactly these letters: most often only marks at one end are invisible."""
    start = _letters(streamed).find(letters)
    if start < 0 or not letters:
        return None
    kept = []
    passed = 0
    for line in streamed.split("\r\n"):
        size = len(_letters(line))
        if start <= passed and passed + size <= start + len(letters):
            kept.append(line)
        passed += size
    text = "\n".join(kept).strip("\n")
    return text if _letters(text) == letters else None


class _Line:
    """One line of streamed text and where its first and last letters stand."""

    __slots__ = ("ends", "text")

    def __init__(self, textpage: object, text: str, start: int) -> None:
        self.text = text
        first = start + len(text) - len(text.lstrip())
        last = start + max(len(text.rstrip()) - 1, 0)
        self.ends = (_char_box(textpage, first), _char_box(textpage, last))

    def touches(self, box: Box) -> bool:
        return any(end[0] < box[2] and end[2] > box[0] and end[1] < box[3] and end[3] > box[1] for end in self.ends)


def _lines(textpage: object, streamed: str) -> list[_Line]:
    lines = []
    start = 0
    for text in streamed.split("\r\n"):
        lines.append(_Line(textpage, text, start))
        start += len(text) + 2
    return lines


def _char_box(textpage: object, text_index: int) -> Box:
    index = pdfium_c.FPDFText_GetCharIndexFromTextIndex(textpage, text_index)
    left, right, bottom, top = ctypes.c_double(), ctypes.c_double(), ctypes.c_double(), ctypes.c_double()
    pdfium_c.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
    return (left.value, bottom.value, right.value, top.value)


def _runs_down(textpage: object, count: int, rotation: int) -> bool:
    """Whether most of the text runs downwards as displayed, by the angle of some of its letters."""
    steps = range(0, count, max(count // _SAMPLES, 1))
    angles = [float(pdfium_c.FPDFText_GetCharAngle(textpage, index)) for index in steps]
    down = math.cos(math.pi / 2 * (1 - rotation)), math.sin(math.pi / 2 * (1 - rotation))
    return 2 * sum(math.cos(angle) * down[0] + math.sin(angle) * down[1] > _ALONG for angle in angles) > len(angles)


def _turned_around(lines: list[_Line], rotation: int) -> list[_Line]:
    """Put lines of text that runs downwards as displayed in order.

    PDFium takes those that start at one height for stretches of one line and sorts them from left to right; the first
    is the rightmost.
    """
    blocks: list[list[tuple[_Line, Box]]] = []
    for line in lines:
        start = _displayed(line.ends[0], rotation)
        if blocks and abs(start[3] - blocks[-1][-1][1][3]) <= _SAME_START_PT:
            blocks[-1].append((line, start))
        else:
            blocks.append([(line, start)])
    for block in blocks:
        if all(one[1][0] <= other[1][0] for one, other in pairwise(block)):
            block.reverse()
    return [line for block in blocks for line, _ in block]


def _displayed(box: Box, rotation: int) -> Box:
    """Return a box as it lies when the page is turned clockwise by that many quarters; its origin does not matter."""
    for _ in range(rotation % 4):
        left, bottom, right, top = box
        box = (bottom, -right, top, -left)
    return box
