"""Putting the pieces of a PDF together again: pages, order, labels, outline, links, named destinations and form."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Page, Stream, String

from extractors.errors import DamagedDocument
from extractors.pdf.cut import write_pdf
from extractors.pdf.cutting.annotations import Link, relink
from extractors.pdf.cutting.destinations import write_names
from extractors.pdf.cutting.labels import label_tree, labels_joined
from extractors.pdf.cutting.merging import merge_equal, merge_fields, merge_layers, merge_names
from extractors.pdf.cutting.objects import copied, text_in
from extractors.pdf.cutting.opening import open_any
from extractors.pdf.cutting.outline import merged, write_outline
from extractors.pdf.cutting.piece import Piece
from extractors.pdf.cutting.xmp import read_packet
from extractors.pdf.keys import dictionary_of
from extractors.pdf.limits import PIKE_ERRORS
from extractors.pdf.qpdf import trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from extractors.pdf.cutting.destinations import Destination

_FROM_FIRST = ("/Lang", "/PageLayout", "/PageMode", "/ViewerPreferences", "/OpenAction", "/AA", "/Extensions")


def join_pdfs(pieces: Sequence[BinaryIO], out: BinaryIO) -> int:
    """Write one PDF with the pages of all pieces in the order given.

    Labels go on, outline entries that several pieces have become one again, and links into other pieces lead there
    again. What all pieces carry (fonts, images) is written once. All streams are held in memory: pikepdf copies them
    when it copies a page.

    Args:
        pieces: Files that :class:`extractors.pdf.cut.PdfCutter` wrote, in order; other PDFs are simply appended.
        out: Empty, seekable, open for writing.

    Returns:
        Number of pages written.

    Raises:
        DamagedDocument: A piece cannot be read.
    """
    with ExitStack() as stack:
        joined = stack.enter_context(pikepdf.new())
        parts: list[Piece] = []
        pages = 0
        for number, file in enumerate(pieces, 1):
            pdf = stack.enter_context(open_any(file, None))
            try:
                parts.append(Piece(pdf, pages))
                for page in parts[-1].pages:
                    joined.pages.append(Page(page))
            except PIKE_ERRORS as error:
                raise DamagedDocument(
                    f"Piece {number} cannot be read ({trouble(error, file)}). Verify the pieces, and split again."
                ) from error
            pages += len(parts[-1].pages)
        try:
            _dress(joined, parts)
            write_pdf(joined, out, _marks(parts))
        except PIKE_ERRORS as error:
            raise DamagedDocument(
                f"The pieces cannot be put together ({trouble(error, out)}). Verify them, and split again."
            ) from error
    return pages


def _dress(joined: pikepdf.Pdf, parts: Sequence[Piece]) -> None:
    """Make everything that stands around the pages."""
    pages = [page.obj for page in joined.pages]
    place_of = {part.first - 1 + index: part.offset + index for part in parts for index in range(len(part.pages))}
    names = merge_names(parts)
    for part in parts:
        for index in range(len(part.pages)):
            page = pages[part.offset + index]
            links = [_owned(joined, part.pdf, link, names) for link in part.links(index, place_of)]
            if links:
                relink(
                    [one for one in page.Annots if isinstance(one, Dictionary)],
                    links,
                    pages.__getitem__,
                    lambda number: number + 1,
                )
    outline = write_outline(
        joined, merged([(part.entries(), part.numbers) for part in parts]), pages.__getitem__, note=False
    )
    tree, old = write_names(joined, names, pages.__getitem__)
    labels = label_tree(
        labels_joined([(part.labels, len(part.pages)) for part in parts]),
        always=any(part.labelled for part in parts),
    )
    root = joined.Root
    first = parts[0].pdf.Root if parts else root
    for key in _FROM_FIRST:
        if key in first:
            root[key] = copied(joined, parts[0].pdf, first[key])
    form = merge_fields(joined, parts)
    made = {"/Outlines": outline, "/PageLabels": labels, "/Dests": old, "/AcroForm": form}
    for key, value in made.items():
        if value is not None:
            root[key] = value
    if tree is not None:
        root.Names = Dictionary(Dests=tree)
    if parts:
        _inform(joined, parts[0])
    merge_layers(joined, [part.pdf for part in parts])
    merge_equal(joined)


def _owned(joined: pikepdf.Pdf, piece: pikepdf.Pdf, link: Link, names: Mapping[bytes | str, Destination]) -> Link:
    """Return a jump whose parts belong to the joined document; by name only if the name leads to the same place."""
    key = bytes(link.name) if isinstance(link.name, String) else text_in(link.name)
    after = None if link.after is None else copied(joined, piece, link.after)
    return replace(
        link,
        name=copied(joined, piece, link.name) if link.name is not None and names.get(key) == link.target else None,
        after=after if isinstance(after, Dictionary) else None,
        contents=None if link.contents is None else copied(joined, piece, link.contents),
    )


def _inform(joined: pikepdf.Pdf, first: Piece) -> None:
    """Repeat information and metadata of the original as its first piece has them."""
    info = first.pdf.trailer.get(Name.Info)
    entries = dict(info.items()) if isinstance(info, Dictionary) else {}
    title = text_in(entries.get("/Title")) if first.title is None else first.title
    kept = {key: String(bytes(value)) for key, value in entries.items() if isinstance(value, String)}
    kept.pop("/Title", None)
    if title:
        kept["/Title"] = String(title)
    joined.trailer.Info = joined.make_indirect(dictionary_of(kept.items()))
    stream = first.pdf.Root.get(Name.Metadata)
    packet = read_packet(stream.read_bytes()) if isinstance(stream, Stream) else None
    if packet is not None:
        joined.Root.Metadata = Stream(joined, packet.titled(title), Type=Name.Metadata, Subtype=Name.XML)


def _marks(parts: Sequence[Piece]) -> str:
    """Return what tells this document from others: the identifiers of its pieces."""
    marks = [part.pdf.trailer.get(Name.ID) for part in parts]
    return " ".join(mark.unparse().hex() if isinstance(mark, Array) else "" for mark in marks)
