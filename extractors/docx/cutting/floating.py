"""Floating tables and framed paragraphs at the end of a piece.

They float beside the paragraph after them. Where the cut leaves none, LibreOffice 7.4 drops them, text and all; so they
stand in the flow of the text instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.docx.cutting import marks
from extractors.docx.names import W_P, W_PPR, W_TBL, w

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element as Element

_PLACES = {W_TBL: f"{w('tblPr')}/{w('tblpPr')}", W_P: f"{W_PPR}/{w('framePr')}"}


def settle(blocks: Sequence[Element]) -> int:
    """Let the floating blocks that end a piece stand in the flow; return how many there are."""
    settled = 0
    for block in reversed(blocks):
        path = _PLACES.get(str(block.tag))
        place = None if path is None else block.find(path)
        if place is None:
            break
        marks.take_out(place)
        settled += 1
    return settled
