"""Pieces put together again are the document they were cut from."""

from __future__ import annotations

import dataclasses
import io
import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdf_pieces import (
    OPTIONS,
    add,
    annotations,
    book,
    cut,
    field_names,
    joined,
    jumps,
    labels,
    outline,
    pieces,
    saved,
    texts,
)
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from extractors.errors import DamagedDocument, ExtractionError
from extractors.pdf.cut import pdf_cutter
from extractors.pdf.fingerprint import page_fingerprints
from extractors.pdf.join import join_pdfs
from extractors.pdf.reader import PdfExtractor

if TYPE_CHECKING:
    from pathlib import Path

BOOK = book()


def whole_again(data: bytes, parts: int) -> bytes:
    """A document cut in about so many pieces and put together."""
    return joined([piece for _, piece, _ in pieces(io.BytesIO(data), parts)])


def prints(data: bytes) -> list[str]:
    """Fingerprints of all pages."""
    return [mark for _, mark in page_fingerprints(io.BytesIO(data))]


def same(data: bytes, again: bytes) -> None:
    """Check everything a reader can tell."""
    assert texts(again) == texts(data)
    assert labels(again) == labels(data)
    assert outline(again) == outline(data)
    assert prints(again) == prints(data)
    with pikepdf.open(io.BytesIO(again)) as one, pikepdf.open(io.BytesIO(data)) as other:
        assert jumps(one) == jumps(other)
        assert field_names(one) == field_names(other)
        assert one.docinfo.get("/Title") == other.docinfo.get("/Title")


@settings(deadline=None, max_examples=25)
@given(st.sets(st.integers(2, 12), max_size=6))
def test_any_cuts_can_be_undone(starts: set[int]) -> None:
    edges = [1, *sorted(starts), 13]
    parts = []
    with pdf_cutter(io.BytesIO(BOOK), OPTIONS) as cutter:
        for first, after in pairwise(edges):
            out = io.BytesIO()
            cutter.cut(first, after - 1, out)
            parts.append(out.getvalue())
    same(BOOK, joined(parts))


def test_links_into_other_pieces_lead_there_again_as_they_did() -> None:
    again = whole_again(BOOK, 12)
    with pikepdf.open(io.BytesIO(again)) as pdf:
        assert jumps(pdf) == [(page, page + 1) for page in range(11)]
        said = [str(one.get(Name.Contents, "")) for page in pdf.pages for one in annotations(page.obj)]
        assert not any("of the original" in text for text in said)


def test_the_view_and_the_words_of_a_link_come_back() -> None:
    pdf = Pdf.new()
    pages = [add(pdf) for _ in range(2)]
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), Contents=String("See there"))
    link.A = Dictionary(S=Name.GoTo, D=Array([pages[1], Name.XYZ, 10, None, 2]))
    link.A.Next = Dictionary(S=Name.Named, N=Name.NextPage)
    pages[0].Annots = Array([link])
    with pikepdf.open(io.BytesIO(whole_again(saved(pdf), 2))) as again:
        back = again.pages[0].Annots[0]
        assert str(back.Contents) == "See there"
        assert back.A.D[0].objgen == again.pages[1].obj.objgen
        assert list(back.A.D)[1:] == [Name.XYZ, 10, None, 2]
        assert Name.NextPage == back.A.Next.N


def test_a_link_to_a_page_that_is_missing_keeps_its_note() -> None:
    parts = [piece for _, piece, _ in pieces(io.BytesIO(BOOK), 3)]
    with pikepdf.open(io.BytesIO(joined([parts[0], parts[2]]))) as pdf:
        assert jumps(pdf) == [(page, page + 1) for page in range(7) if page != 3]
        said = [str(one.get(Name.Contents, "")) for one in annotations(pdf.pages[3].obj)]
        assert "page 5 of the original, in another piece" in said


def test_layers_are_one_again_and_shown_as_they_were() -> None:
    pdf = Pdf.new()
    layers = [pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String(name))) for name in ("a", "b")]
    for index in range(4):
        add(pdf, b"/OC /L BDC 0 0 9 9 re f EMC", Dictionary(Properties=Dictionary(L=layers[index % 2])))
    pdf.Root.OCProperties = Dictionary(OCGs=Array(layers), D=Dictionary(OFF=Array([layers[1]])))
    data = saved(pdf)
    with pikepdf.open(io.BytesIO(whole_again(data, 2))) as again:
        groups = again.Root.OCProperties.OCGs
        assert [str(group.Name) for group in groups] == ["a", "b"]
        used = [page.Resources.Properties.L.objgen for page in again.pages]
        assert used == [groups[0].objgen, groups[1].objgen] * 2
        assert again.Root.OCProperties.D.OFF[0].objgen == groups[1].objgen
    assert prints(whole_again(data, 2)) == prints(data)


def test_what_all_pieces_carry_is_written_once() -> None:
    pdf = Pdf.new()
    image = Stream(
        pdf, bytes(index * index % 251 for index in range(40_000)), Subtype=Name.Image, Width=200, Height=200
    )
    image.ColorSpace, image.BitsPerComponent = Name.DeviceGray, 8
    for _ in range(6):
        add(pdf, b"/Im Do", Dictionary(XObject=Dictionary(Im=image)))
    again = whole_again(saved(pdf), 6)
    with pikepdf.open(io.BytesIO(again)) as made:
        assert len({page.Resources.XObject.Im.objgen for page in made.pages}) == 1


def test_named_destinations_and_viewer_settings_come_back() -> None:
    with pikepdf.open(io.BytesIO(BOOK)) as pdf:
        pdf.Root.Lang, pdf.Root.PageMode = String("de"), Name.UseOutlines
        pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
        goals = [Array([page.obj, Name.Fit]) for page in pdf.pages]
        flat = [item for index, goal in enumerate(goals) for item in (String(f"n{index:02}"), goal)]
        pdf.Root.Names = Dictionary(Dests=Dictionary(Names=Array(flat)))
        pdf.Root.Dests = Dictionary({f"/old{index}": goal for index, goal in enumerate(goals)})
        pdf.pages[0].Annots[0].Dest = String("n11")
        data = saved(pdf)
    with pikepdf.open(io.BytesIO(whole_again(data, 4))) as again:
        pages = [page.obj.objgen for page in again.pages]
        named = dict(pikepdf.NameTree(again.Root.Names.Dests).items())
        assert {name: goal[0].objgen for name, goal in named.items()} == {
            f"n{index:02}": page for index, page in enumerate(pages)
        }
        old = {name: goal[0].objgen for name, goal in again.Root.Dests.items()}
        assert old == {f"/old{index}": page for index, page in enumerate(pages)}
        assert jumps(again)[0] == (0, 11)
        assert (str(again.Root.Lang), again.Root.PageMode) == ("de", Name.UseOutlines)
        assert again.Root.ViewerPreferences.DisplayDocTitle is True


def test_other_documents_are_appended() -> None:
    pdf = Pdf.new()
    add(pdf)
    data = joined([BOOK, saved(pdf), BOOK])
    assert len(texts(data)) == 25
    assert [title for _, title, _ in outline(data)] == [title for _, title, _ in outline(BOOK)] * 2


def test_a_name_two_documents_use_leads_each_to_its_own_page() -> None:
    pdf = Pdf.new()
    pages = [add(pdf) for _ in range(2)]
    pdf.Root.Names = Dictionary(Dests=Dictionary(Names=Array([String("n"), Array([pages[1], Name.Fit])])))
    pages[0].Annots = Array(
        [Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), Dest=String("n"))]
    )
    with pikepdf.open(io.BytesIO(joined([saved(pdf), saved(pdf)]))) as again:
        assert jumps(again) == [(0, 1), (2, 3)]


def test_the_same_pieces_make_the_same_bytes() -> None:
    parts = [piece for _, piece, _ in pieces(io.BytesIO(BOOK), 3)]
    assert joined(parts) == joined(parts)
    assert joined(parts) != joined(parts[:2])


def test_a_piece_that_is_none_is_named() -> None:
    piece, _ = cut(BOOK, 1, 2)
    with pytest.raises(DamagedDocument):
        joined([piece, b"no PDF"])


def test_the_extractor_joins() -> None:
    out = io.BytesIO()
    PdfExtractor().join([io.BytesIO(piece) for _, piece, _ in pieces(io.BytesIO(BOOK), 2)], out)
    assert len(texts(out.getvalue())) == 12
    assert join_pdfs([], io.BytesIO()) == 0


def test_real_documents_come_back(labels: list[dict[str, Any]], corpus: Path) -> None:
    """Documents of the corpus with several pages: pages, labels, outline, links and fields."""
    wrong, checked = {}, 0
    for entry in labels:
        path = corpus / entry["path"]
        if (
            path.suffix != ".pdf"
            or entry["expected"] != "ok"
            or (entry.get("pages") or 0) < 2
            or path.stat().st_size > 2e6
        ):
            continue
        password = entry.get("user_password") or entry.get("owner_password")
        try:
            with path.open("rb") as file:
                parts = [piece for _, piece, _ in pieces(file, 3, dataclasses.replace(OPTIONS, password=password))]
                expected = [mark for _, mark in page_fingerprints(file, password=password)]
        except ExtractionError:
            continue
        again = joined(parts)
        checked += 1
        with pypdfium2.PdfDocument(path, password=password) as source, pypdfium2.PdfDocument(again) as made:
            told = [
                (
                    [document.get_page_label(index) for index in range(len(document))],
                    [(entry.level, entry.get_title()) for entry in document.get_toc()],
                )
                for document in (source, made)
            ]
        if prints(again) != expected or told[0] != told[1]:
            wrong[entry["path"]] = told
    assert wrong == {}
    assert checked > 25


def test_fields_that_no_form_lists_are_joined_without_a_remark_of_a_library() -> None:
    with Pdf.new() as pdf:
        for number in range(4):
            page = pdf.add_blank_page(page_size=(200, 200))
            look = Stream(pdf, b"0 0 20 20 re S", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 20, 20])
            widget = Dictionary(
                Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String(f"f{number}"), F=4, Rect=[50, 50, 70, 70],
                AP=Dictionary(N=pdf.make_indirect(look)),
            )  # fmt: skip
            page.Annots = Array([pdf.make_indirect(widget)])
        with pytest.warns(pikepdf.PageCopyWarning):
            data = saved(pdf)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        again = whole_again(data, 2)

    assert [str(one.message) for one in told] == []
    assert prints(again) == prints(data)
