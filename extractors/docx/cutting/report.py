"""What a piece does not carry as the source did, in words."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from extractors.base import Change
from extractors.docx.cutting.active import DAMAGED, MISSING, SIGNATURE
from extractors.registry import DOCM, DOCX

if TYPE_CHECKING:
    from extractors.docx.cutting.archive import Contents
    from extractors.docx.cutting.parts import Parts
    from extractors.docx.cutting.piece import Extent, Made

_TOUCHED = {
    "lists": ("lists-continued", "Lists that began before the cut go on counting by lists of their own."),
    "fields": (
        "fields-frozen",
        "Fields that reach over the cut, or refer to another piece, keep their result and are not computed anew.",
    ),
    "floats": ("floats-settled", "Floating tables or frames at the end of the piece stand in the flow of the text."),
    "ranges": ("ranges-clipped", "Bookmarks, comments or moves that reach over the cut end or begin at it."),
}


def changes(parts: Parts, contents: Contents, made: Made, extent: Extent, *, pages_restart: bool) -> tuple[Change, ...]:
    """Return the changes of a piece.

    Args:
        parts: The source's parts.
        contents: What the piece holds.
        made: Its body.
        extent: What it was cut from.
        pages_restart: It shows page numbers, which begin anew.
    """
    found = [*_stripped(parts, contents, made)]
    if parts.written_type(parts.main) != parts.content_type(parts.main):
        found.append(
            Change(
                code="media-type-changed",
                message="Without its macros the document is an ordinary one, and so the piece is a .docx.",
                before={"media_type": DOCM},
                after={"media_type": DOCX},
            )
        )
    if extent.rows is not None:
        found.append(
            Change(
                code="table-split",
                units=(extent.first,),
                message="The table is split by rows; its header rows are repeated, merged cells end at the cut.",
                after={"first_row": extent.rows[0], "last_row": extent.rows[1]},
            )
        )
    for what, (code, message) in _TOUCHED.items():
        blocks = made.touched.get(what)
        if blocks:
            found.append(Change(code=code, units=tuple(sorted(blocks)), message=message))
    if made.elsewhere:
        found.append(
            Change(
                code="links-to-other-pieces",
                units=tuple(sorted(number for number in made.elsewhere if number)),
                message="References lead to places in other pieces.",
                before={"references": made.elsewhere.total()},
            )
        )
    if pages_restart:
        found.append(
            Change(
                code="page-numbers-restart", message="Page numbers begin anew: only a layout of the whole knows them."
            )
        )
    return tuple(found)


def _stripped(parts: Parts, contents: Contents, made: Made) -> list[Change]:
    counts: Counter[str] = Counter()
    for each in made.stripped.values():
        counts.update(each)
    units: dict[str, set[int]] = {}
    for number, reasons in made.stripped.items():
        for reason in reasons:
            units.setdefault(reason, set()).update({number} - {0})
    in_piece = {"", *parts.reachable(contents.keeps)} - {parts.main}
    counts.update(reason for part, reason in parts.taken if part in in_piece)
    found = []
    for reason, code, message in (
        (MISSING, "missing-parts-dropped", "References to parts that the file lacks were removed."),
        (DAMAGED, "damaged-parts-dropped", "Parts that cannot be read were left out."),
        (SIGNATURE, "signature-dropped", "The digital signature was left out: it holds for the whole document only."),
    ):
        if counts.pop(reason, 0):
            found.append(Change(code=code, units=tuple(sorted(units.get(reason, ()))), message=message))
    if counts:
        found.append(
            Change(
                code="active-content-stripped",
                units=tuple(sorted(set().union(*(units.get(reason, set()) for reason in counts)))),
                message=f"Taken out: {', '.join(sorted(counts))}. What a reader sees of it stays.",
                before=dict(sorted(counts.items())),
                after=dict.fromkeys(sorted(counts), 0),
            )
        )
    return found
