"""Bytes: what each block alone would bring into a piece, and what every piece carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extractors.docx.package import Package
    from extractors.docx.passing import Drafts
    from extractors.docx.reading import Gathered, Reading
    from extractors.docx.units import Draft

# Parts that pieces do not carry: active content, and the notes and comments that are counted to their blocks.
_NOT_CARRIED = ("vbaproject", "digital-signature")
_ENTRY_OVERHEAD = 76  # local and central header of a ZIP entry without its name (APPNOTE 4.3.7, 4.3.12)


class Ledger:
    """Shares out the stored bytes of a package. All figures are estimates; a cutter measures what it wrote."""

    def __init__(self, package: Package, reading: Reading) -> None:
        self._package = package
        self._reading = reading
        container = package.container
        self._ratio = container.stored_bytes(package.main) / max(container.unpacked_bytes(package.main), 1)
        self._charged: set[str] = set()
        self._carried = 0

    def share_out(self, drafts: Drafts) -> None:
        """Divide the bytes of a slice among the blocks that ended or went on in it, by the weight they gained there."""
        sharing = drafts.finished if drafts.open is None else [*drafts.finished, drafts.open]
        if not sharing:
            self._carried += drafts.xml_bytes  # nothing but the middle of one paragraph: it goes to what ends next
            return
        weight = sum([draft.weight for draft in sharing])
        each = (drafts.xml_bytes + self._carried) / max(weight, 1)
        self._carried = 0
        for draft in sharing:
            draft.xml_bytes += each * draft.weight
            draft.weight = 0

    def media(self, gathered: Gathered) -> tuple[int, int, int]:
        """Return (number, pixels, stored bytes) of the pictures of a block; a part shown twice is counted once."""
        if not gathered.pictures:
            return 0, 0, 0
        pictures = self._reading.pictures
        parts = {picture.part for picture in gathered.pictures if picture.part is not None}
        stored = sum(self._package.container.stored_bytes(part) for part in parts)
        return len(gathered.pictures), sum(pictures.pixels(picture) for picture in gathered.pictures), stored

    def stored(self, draft: Draft) -> int:
        """Return the bytes that only this block brings; media that others show too belong to no block."""
        own = draft.xml_bytes * self._ratio + draft.gathered.note_bytes
        if not draft.gathered.pictures and not draft.gathered.parts:
            return round(own)
        shared = self._reading.pictures.shared
        for part in (*(picture.part for picture in draft.gathered.pictures), *draft.gathered.parts):
            if part is not None and part not in self._charged and part not in shared:
                self._charged.add(part)
                own += self._package.container.stored_bytes(part)
        return round(own)

    def shared(self) -> int:
        """Return what every piece carries: everything but the body and what was charged to blocks. Call it last."""
        package, reading = self._package, self._reading
        left_out = {package.main, reading.footnotes.part, reading.endnotes.part, reading.comments.part} | self._charged
        return sum(
            package.container.stored_bytes(part) + _ENTRY_OVERHEAD + 2 * len(part)
            for part in package.container.names
            if part not in left_out and not any(word in package.content_type(part) for word in _NOT_CARRIED)
        )
