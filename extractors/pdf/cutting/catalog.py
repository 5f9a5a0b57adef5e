"""What stands around the pages of a document as a whole: read and taken apart once, made anew for each piece."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream, String

from extractors.base import Change
from extractors.clean import safe_label
from extractors.pdf.cutting.annotations import clean_events
from extractors.pdf.cutting.objects import PRIVATE, text_in, tree_items
from extractors.pdf.cutting.xmp import Packet, read_packet
from extractors.pdf.keys import key_of
from extractors.pdf.limits import PIKE_ERRORS

if TYPE_CHECKING:
    from extractors.pdf.cutting.actions import Actions

_KEPT = ("/Type", "/Pages", "/Version", "/Extensions", "/Lang", "/PageLayout", "/PageMode", "/ViewerPreferences")
_LAYERS = "/OCProperties"
_MODES = ("/UseNone", "/UseOutlines", "/UseThumbs", "/UseOC")
_INFO = ("/Author", "/Subject", "/Keywords", "/Creator", "/Producer", "/CreationDate", "/ModDate", "/Trapped")
_PRINTING = ("/PrintPageRange", "/NumCopies", "/Enforce")
_TRAILER = ("/Root", "/Size", "/Encrypt", "/ID")
_TITLE_CHARS = 500


class Catalog:
    """The catalog, the information dictionary and the metadata of a document.

    Args:
        pdf: The document. Its catalog keeps only what a piece carries unchanged.
        name: Name of the document, for people.
        pages: Number of its pages.
        actions: Says which actions may stay.

    Attributes:
        stripped: Active content of the document as a whole that was taken out, by kind.
        labelled: The document labels its pages itself.
    """

    def __init__(self, pdf: pikepdf.Pdf, name: str, pages: int, actions: Actions) -> None:
        self._pdf = pdf
        self._name = name
        self._pages = pages
        self.stripped: Counter[str] = Counter()
        root = pdf.Root
        self.labelled = Name.PageLabels in root
        self._lost = _lost(pdf, root)
        self._scripts = self._document_actions(root, actions)
        self._info, self._title = _information(pdf)
        self._packet = _packet(root)
        if self._packet is None and Name.Metadata in root:
            self._lost.append(
                Change(code="metadata-dropped", message="The metadata packet (XMP) cannot be carried over.")
            )
        elif (self._packet is not None and self._packet.claims) or Name.OutputIntents in root:
            self._lost.append(
                Change(
                    code="conformance-dropped",
                    message="A piece does not claim conformance to PDF/A, PDF/X or PDF/UA as the document does.",
                )
            )
        self._reduce(root)

    def _document_actions(self, root: Object, actions: Actions) -> Dictionary | None:
        """Clean the document's own actions; return its named scripts when they are kept."""
        opening = root.get(Name.OpenAction)
        if opening is not None:
            jump = not isinstance(opening, Dictionary) or opening.get(Name.S) == Name.GoTo
            kept = None if jump else actions.cleaned(opening, self.stripped)
            if kept is None or not actions.keep:  # where to open the document is not where to open a piece
                del root["/OpenAction"]
        if Name.AA in root and isinstance(root, Dictionary):
            clean_events(root, actions, self.stripped)
        names = root.get(Name.Names)
        scripts = names.get(Name.JavaScript) if isinstance(names, Dictionary) else None
        if scripts is None or actions.keep:
            return scripts if isinstance(scripts, Dictionary) else None
        self.stripped["javascript"] += max(1, sum(1 for _ in tree_items(scripts, Name.Names)))
        return None

    def _reduce(self, root: Object) -> None:
        """Leave in catalog and trailer only what every piece has."""
        preferences = root.get(Name.ViewerPreferences)
        if isinstance(preferences, Dictionary):
            for key in _PRINTING:
                if key in preferences:
                    del preferences[key]
        for key in sorted(root.keys()):
            if key not in _KEPT and key not in (_LAYERS, "/OpenAction", "/AA"):
                del root[key_of(key)]
        if Name.PageMode in root and text_in(root.get(Name.PageMode)) not in _MODES:
            del root["/PageMode"]
        trailer = self._pdf.trailer
        for key in sorted(trailer.keys()):
            if key not in _TRAILER:
                del trailer[key_of(key)]
        if Name.Size not in trailer:
            trailer.Size = 0  # qpdf writes the true number, but only if there is one

    def changes(self) -> list[Change]:
        """Return what no piece carries of the document as a whole."""
        return list(self._lost)

    def dress(self, first: int, last: int, parts: dict[str, Object | None]) -> None:
        """Set catalog, information and metadata for a piece.

        Args:
            first: Number of its first page, from 1.
            last: Number of its last page.
            parts: Values of catalog entries; None where the piece has none.
        """
        root = self._pdf.Root
        names = Dictionary()
        if parts.get("/Names/Dests") is not None:
            names.Dests = parts["/Names/Dests"]
        if self._scripts is not None:
            names.JavaScript = self._scripts
        entries = {key: value for key, value in parts.items() if key != "/Names/Dests"}
        entries["/Names"] = names if len(names.keys()) else None
        for key, value in entries.items():
            if value is not None:
                root[key] = value
            elif key in root:
                del root[key]
        pages = f"page {first}" if first == last else f"pages {first}–{last}"
        range_text = f"{pages} of {self._pages} of {self._name}"
        self._write_information(f"{self._title} ({range_text})" if self._title else range_text)
        root[PRIVATE] = Dictionary(
            Name=String(self._name),
            Title=String(self._title),
            First=first,
            Last=last,
            Count=self._pages,
            Labelled=self.labelled,
        )

    def _write_information(self, title: str) -> None:
        info = Dictionary(self._info)
        info.Title = String(title)
        self._pdf.trailer.Info = self._pdf.make_indirect(info)
        if self._packet is not None:
            stream = Stream(self._pdf, self._packet.titled(title), Type=Name.Metadata, Subtype=Name.XML)
            self._pdf.Root.Metadata = stream


def _lost(pdf: pikepdf.Pdf, root: Object) -> list[Change]:
    lost = []
    if pdf.is_encrypted:
        lost.append(
            Change(code="decrypted", message="The document is encrypted; the piece is not: anybody can open it.")
        )
    mark = root.get(Name.MarkInfo)
    marked: object = mark.get(Name.Marked) if isinstance(mark, Dictionary) else None
    if Name.StructTreeRoot in root or marked is True:
        lost.append(
            Change(
                code="tags-dropped",
                message="The piece is not tagged as the document is: reading order and roles for assistive software, "
                "and alternative texts of pictures, are in the original only.",
            )
        )
    names = root.get(Name.Names)
    files = names.get(Name.EmbeddedFiles) if isinstance(names, Dictionary) else None
    attached = sum(1 for _ in tree_items(files, Name.Names))
    if attached:
        lost.append(
            Change(
                code="attachments-dropped",
                message=f"{attached} file(s) attached to the document are not in the piece. They are in the original.",
                before={"files": attached},
                after={"files": 0},
            )
        )
    if isinstance(root.get(Name.Threads), Array):
        lost.append(Change(code="threads-dropped", message="Article threads are in the original only."))
    return lost


def _information(pdf: pikepdf.Pdf) -> tuple[dict[str, Object], str]:
    """Return the entries of the information dictionary that pieces repeat, and the title, made safe."""
    info = pdf.trailer.get(Name.Info)
    if not isinstance(info, Dictionary):
        return {}, ""
    entries = {key: info.get(key) for key in _INFO}
    title = info.get(Name.Title)
    return (
        {key: value for key, value in entries.items() if isinstance(value, String | Name)},
        safe_label(text_in(title), _TITLE_CHARS),
    )


def _packet(root: Object) -> Packet | None:
    stream = root.get(Name.Metadata)
    try:
        return read_packet(stream.read_bytes()) if isinstance(stream, Stream) else None
    except PIKE_ERRORS:
        return None
