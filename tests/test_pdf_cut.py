"""What pieces of a PDF keep, lose and say."""

from __future__ import annotations

import dataclasses
import io
import os
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest
from pdf_pieces import (
    OPTIONS,
    add,
    annotations,
    book,
    codes,
    cut,
    field_names,
    jumps,
    labels,
    one_page,
    outline,
    pieces,
    saved,
    texts,
)
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from extractors.base import CutOptions, Cuttable, ReadLimits
from extractors.errors import (
    DamagedDocument,
    EmptyDocument,
    PasswordRequired,
    SafetyLimitExceeded,
    WrongPassword,
)
from extractors.pdf.cut import pdf_cutter
from extractors.pdf.reader import PdfExtractor


def test_pieces_have_their_pages_with_their_text() -> None:
    data = book()
    parts = pieces(io.BytesIO(data), 3)
    assert [first for first, _, _ in parts] == [1, 5, 9]
    assert [text for _, piece, _ in parts for text in texts(piece)] == texts(data)


def test_a_piece_shows_the_labels_of_the_original() -> None:
    data = book()
    whole = labels(data)
    assert whole[:4] == ["i", "ii", "1", "2"]
    for first, piece, _ in pieces(io.BytesIO(data), 3):
        shown = labels(piece)
        assert shown == whole[first - 1 : first - 1 + len(shown)]


def test_pages_without_labels_are_labelled_with_their_numbers() -> None:
    pdf = Pdf.new()
    for _ in range(6):
        add(pdf)
    piece, _ = cut(saved(pdf), 4, 6)
    assert labels(piece) == ["4", "5", "6"]


def test_a_piece_has_the_outline_entries_of_its_pages_under_their_headings() -> None:
    data = book()
    piece, _ = cut(data, 5, 8)
    assert outline(piece) == [
        (0, "Chapter at 3", None),
        (1, "Section at 5", 0),
        (1, "Section at 6", 1),
        (1, "Section at 7", 2),
        (1, "Section at 8", 3),
    ]
    piece, _ = cut(data, 1, 2)
    assert outline(piece) == []


def test_a_closed_outline_entry_stays_closed() -> None:
    piece, _ = cut(book(), 9, 12)
    with pikepdf.open(io.BytesIO(piece)) as pdf:
        assert pdf.Root.Outlines.First.Count == -3
        assert pdf.Root.Outlines.Count == 1


def test_links_within_a_piece_work_and_others_say_where_they_led() -> None:
    piece, changes = cut(book(), 5, 8)
    with pikepdf.open(io.BytesIO(piece)) as pdf:
        assert jumps(pdf) == [(0, 1), (1, 2), (2, 3)]
        dead = [one for one in annotations(pdf.pages[3].obj) if Name.Contents in one]
        assert [str(one.Contents) for one in dead] == ["page 9 of the original, in another piece"]
        assert all(Name.Dest not in one and Name.A not in one for one in dead)
    change = next(change for change in changes if change.code == "links-to-other-pieces")
    assert (change.units, change.before, change.after) == ((8,), {"links": 1}, {"links": 0})


def test_what_a_link_says_already_is_kept_beside_the_note() -> None:
    pdf = Pdf.new()
    pages = [add(pdf) for _ in range(2)]
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), Contents=String("See there"))
    link.Dest = Array([pages[1], Name.XYZ, 10, 20, 0])
    pages[0].Annots = Array([link])
    with pdf_cutter(io.BytesIO(saved(pdf)), OPTIONS) as cutter:
        alone, both = io.BytesIO(), io.BytesIO()
        cutter.cut(1, 1, alone)
        cutter.cut(1, 2, both)
    with pikepdf.open(alone) as piece:
        said = str(piece.pages[0].Annots[0].Contents)
    assert said == "See there (page 2 of the original, in another piece)"
    with pikepdf.open(both) as piece:  # the note of the first cut is gone
        assert str(piece.pages[0].Annots[0].Contents) == "See there"
        assert list(piece.pages[0].Annots[0].Dest)[1:] == [Name.XYZ, 10, 20, 0]


def test_old_and_new_named_destinations_lead_to_the_piece_s_own_pages_only() -> None:
    pdf = Pdf.new()
    pages = [add(pdf) for _ in range(4)]
    pdf.Root.Dests = Dictionary(Old1=Array([pages[0], Name.Fit]), Old3=Dictionary(D=Array([pages[2], Name.Fit])))
    names = [item for number in range(4) for item in (String(f"n{number}"), Array([pages[number], Name.Fit]))]
    pdf.Root.Names = Dictionary(Dests=Dictionary(Kids=Array([Dictionary(Names=Array(names))])))
    pages[2].Annots = Array(
        [
            Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), Dest=Name.Old3),
            Dictionary(
                Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=Dictionary(S=Name.GoTo, D=String("n3"))
            ),
            Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), Dest=Name.Nowhere),
        ]
    )
    piece, changes = cut(saved(pdf), 3, 4)
    with pikepdf.open(io.BytesIO(piece)) as made:
        assert jumps(made) == [(0, 0), (0, 1)]
        assert list(made.Root.Dests.keys()) == ["/Old3"]
        assert [bytes(item) for item in made.Root.Names.Dests.Names][::2] == [b"n2", b"n3"]
    assert codes(changes) == ["links-dead"]


def test_a_field_with_widgets_on_several_pages_is_in_each_piece_with_its_own() -> None:
    data = book()
    with pdf_cutter(io.BytesIO(data), OPTIONS) as cutter:
        for first, last, fields in (
            (1, 4, {"spread": 1}),
            (5, 8, {"alone": 1, "spread": 1}),
            (1, 12, None),
            (3, 4, {}),
        ):
            out = io.BytesIO()
            cutter.cut(first, last, out)
            with pikepdf.open(out) as piece:
                assert field_names(piece) == ({"alone": 1, "spread": 3} if fields is None else fields)
                assert (Name.AcroForm in piece.Root) == (fields != {})
                for page in piece.pages:
                    for one in annotations(page.obj):
                        assert one.get(Name.P) is None or one.P.objgen == page.obj.objgen


def test_fonts_of_a_form_come_along_only_where_a_field_names_them() -> None:
    pdf = one_page()
    widget = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Tx,
            T=String("a"),
            Rect=Array([0, 0, 9, 9]),
            DA=String("/Used 9 Tf"),
        )
    )
    pdf.pages[0].obj.Annots = Array([widget])
    fonts = Dictionary(Used=Dictionary(Type=Name.Font), Unused=Dictionary(Type=Name.Font))
    pdf.Root.AcroForm = Dictionary(Fields=Array([widget]), DR=Dictionary(Font=fonts), DA=String("/Nope 1 Tf"))
    piece, _ = cut(saved(pdf), 1, 1)
    with pikepdf.open(io.BytesIO(piece)) as made:
        assert list(made.Root.AcroForm.DR.Font.keys()) == ["/Used"]


def test_fields_that_are_on_no_page_are_reported() -> None:
    pdf = one_page()
    total = pdf.make_indirect(Dictionary(FT=Name.Tx, T=String("total")))
    pdf.Root.AcroForm = Dictionary(Fields=Array([total]))
    _, changes = cut(saved(pdf), 1, 1)
    assert [(change.code, change.before) for change in changes] == [("fields-dropped", {"fields": 1})]


def test_notes_on_a_page_keep_their_relations_and_lose_those_to_other_pages() -> None:
    pdf = Pdf.new()
    first, second = add(pdf), add(pdf)
    note = pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=Array([0, 0, 9, 9]), P=first))
    popup = pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Popup, Rect=Array([0, 0, 9, 9]), Parent=note))
    note.Popup = popup
    reply = pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=Array([0, 0, 9, 9]), IRT=note))
    stray = pdf.make_indirect(
        Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=Array([0, 0, 9, 9]), IRT=note, P=first, Popup=popup)
    )
    first.Annots = Array([note, popup, reply])
    second.Annots = Array([stray])
    data = saved(pdf)
    with pikepdf.open(io.BytesIO(cut(data, 1, 1)[0])) as piece:
        kept = piece.pages[0].obj.Annots
        assert kept[0].Popup.objgen == kept[1].objgen
        assert kept[1].Parent.objgen == kept[2].IRT.objgen == kept[0].objgen
    with pikepdf.open(io.BytesIO(cut(data, 2, 2)[0])) as piece:
        assert set(piece.pages[0].obj.Annots[0].keys()) == {"/Type", "/Subtype", "/Rect"}


def test_boxes_rotation_and_unit_are_kept_also_where_they_are_inherited() -> None:
    pdf = Pdf.new()
    for _ in range(2):
        page = add(pdf, UserUnit=2, TrimBox=Array([5, 5, 90, 90]))
        del page.MediaBox
    pdf.Root.Pages.MediaBox = Array([0, 0, 100, 150])
    pdf.Root.Pages.CropBox = Array([10, 10, 90, 140])
    pdf.Root.Pages.Rotate = 90
    piece, _ = cut(saved(pdf), 2, 2)
    with pikepdf.open(io.BytesIO(piece), inherit_page_attributes=False) as made:
        page = made.pages[0].obj
        assert [float(side) for side in page.MediaBox] == [0, 0, 100, 150]
        assert [float(side) for side in page.CropBox] == [10, 10, 90, 140]
        assert (page.Rotate, page.UserUnit) == (90, 2)
        assert set(made.Root.Pages.keys()) == {"/Type", "/Kids", "/Count"}


def test_metadata_says_which_part_of_what_a_piece_is() -> None:
    pdf = Pdf.open(io.BytesIO(book()))
    with pdf.open_metadata(set_pikepdf_as_editor=False) as packet:
        packet["dc:title"] = "The book"
        packet["dc:creator"] = ["Nobody"]
        packet["dc:rights"] = "CC0"
        packet["pdfaid:part"] = "2"
        packet["pdfaid:conformance"] = "B"
    piece, changes = cut(saved(pdf), 5, 8)
    with pikepdf.open(io.BytesIO(piece)) as made:
        assert str(made.docinfo.Title) == "The book (pages 5–8 of 12 of book.pdf)"
        assert str(made.docinfo.Author) == "Nobody"
        with made.open_metadata() as packet:
            assert packet["dc:title"] == "The book (pages 5–8 of 12 of book.pdf)"
            assert packet["dc:rights"] == "CC0"
            assert "pdfaid:part" not in packet
    assert "conformance-dropped" in codes(changes)


def test_a_piece_without_title_is_named_after_its_file() -> None:
    name = 'a<b>&"c".pdf'
    piece, _ = cut(saved(one_page()), 1, 1, options=dataclasses.replace(OPTIONS, source_name=name))
    with pikepdf.open(io.BytesIO(piece)) as made:
        assert str(made.docinfo.Title) == f"page 1 of 1 of {name}"


def test_layers_stay_as_they_are_shown() -> None:
    pdf = Pdf.new()
    shown, hidden = (pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String(name))) for name in ("shown", "hidden"))
    for layer in (shown, hidden):
        content = b"/OC /L BDC 10 10 100 100 re f EMC"
        add(pdf, content, Dictionary(Properties=Dictionary(L=layer)))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([shown, hidden]), D=Dictionary(OFF=Array([hidden])))
    piece, _ = cut(saved(pdf), 2, 2)
    with pikepdf.open(io.BytesIO(piece)) as made:
        off = made.Root.OCProperties.D.OFF[0]
        assert off.objgen == made.pages[0].Resources.Properties.L.objgen
    assert "tags-dropped" not in codes(cut(saved(pdf), 1, 1)[1])


def test_what_leads_out_of_a_page_is_taken_off_and_reported() -> None:
    pdf = Pdf.new()
    first, second = add(pdf, b"/P <</MCID 0>> BDC EMC"), add(pdf)
    root = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    element = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.P, P=root, Pg=first, K=0))
    root.K = element
    root.ParentTree = Dictionary(Nums=Array([0, Array([element])]))
    pdf.Root.StructTreeRoot, pdf.Root.MarkInfo = root, Dictionary(Marked=True)
    first.StructParents, first.Tabs = 0, Name.S
    bead = pdf.make_indirect(Dictionary(Type=Name.Bead, P=first))
    first.B = Array([bead])
    first.PieceInfo = Dictionary(Editor=Dictionary(Private=second))
    first.Thumb = Stream(pdf, b"x")
    pdf.Root.Threads = Array([pdf.make_indirect(Dictionary(F=bead))])
    piece, changes = cut(saved(pdf), 1, 1)
    with pikepdf.open(io.BytesIO(piece)) as made:
        assert set(made.pages[0].obj.keys()) == {"/Type", "/Parent", "/MediaBox", "/Contents", "/Resources"}
        assert not {"/StructTreeRoot", "/MarkInfo", "/Threads"} & set(made.Root.keys())
        assert (
            len([one for one in made.objects if isinstance(one, Dictionary) and one.get(Name.Type) == Name.Page]) == 1
        )
    assert codes(changes) == ["tags-dropped", "threads-dropped", "page-extras-dropped"]


def test_a_stray_reference_to_a_page_drags_nothing_into_a_piece() -> None:
    pdf = Pdf.new()
    first, second = add(pdf), add(pdf, b"% " + os.urandom(50_000).hex().encode())
    first.VP = Array([Dictionary(Type=Name.Viewport, Stray=second, Tree=pdf.Root.Pages)])
    assert len(cut(saved(pdf), 1, 1)[0]) < 3_000


def shared_resources(pages: int) -> bytes:
    """Each page draws one image of 20 kB, one in two through a form; all share one dictionary of resources."""
    pdf = Pdf.new()
    images, forms = Dictionary(), Dictionary()
    resources = pdf.make_indirect(Dictionary(XObject=images))
    for number in range(pages):
        image = Stream(pdf, os.urandom(20_000), Type=Name.XObject, Subtype=Name.Image, Width=100, Height=200)
        image.ColorSpace, image.BitsPerComponent = Name.DeviceGray, 8
        images[f"/Im{number}"] = image
        form = Stream(pdf, b"/Im%d Do" % number, Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 1, 1]))
        form.Resources = resources
        forms[f"/Fm{number}"] = form
    for key, form in forms.items():
        images[key] = form
    for number in range(pages):
        page = add(pdf, b"q 90 0 0 90 0 0 cm /%s%d Do Q" % (b"Fm" if number % 2 else b"Im", number))
        page.Resources = resources
    return saved(pdf)


def test_pieces_of_a_file_with_shared_resources_sum_to_the_file() -> None:
    data = shared_resources(12)
    parts = [piece for _, piece, _ in pieces(io.BytesIO(data), 6)]
    assert len(parts) == 6
    assert sum(map(len, parts)) < 1.02 * len(data)
    assert max(map(len, parts)) < 1.2 * len(data) / 6


def test_all_kinds_of_resources_are_pruned_down_to_the_glyphs() -> None:
    pdf = Pdf.new()
    image = Stream(pdf, b"x" * 100, Type=Name.XObject, Subtype=Name.Image, Width=10, Height=10)
    inner = Dictionary(XObject=Dictionary(Used=image, Unused=Stream(pdf, b"unused", Subtype=Name.Image)))
    pattern = Stream(pdf, b"/Used Do", PatternType=1, Resources=inner)
    font = Dictionary(Type=Name.Font, Subtype=Name.Type3, CharProcs=Dictionary(a=Stream(pdf, b"/Used Do")))
    font.Resources = inner
    mask = Stream(pdf, b"/Used Do", Subtype=Name.Form, BBox=Array([0, 0, 1, 1]), Resources=inner)
    bare = Stream(pdf, b"/Lent Do", Subtype=Name.Form, BBox=Array([0, 0, 1, 1]))
    resources = Dictionary(
        Pattern=Dictionary(P=pattern, No=pattern),
        Font=Dictionary(F=pdf.make_indirect(font), No=Dictionary(Type=Name.Font)),
        ExtGState=Dictionary(G=Dictionary(SMask=Dictionary(S=Name.Luminosity, G=mask)), No=Dictionary()),
        XObject=Dictionary({"/Bare": bare, "/Lent": image, "/A B": image, "/No": image}),
        ColorSpace=Dictionary(DefaultRGB=Name.DeviceRGB, No=Name.DeviceGray),
        ProcSet=Array([Name.PDF]),
    )
    content = b"/Pattern cs /P scn /F 9 Tf /G gs /Bare Do /A#20B Do (no /name here? well, perhaps) Tj"
    add(pdf, content, resources)
    piece, _ = cut(saved(pdf), 1, 1)
    with pikepdf.open(io.BytesIO(piece)) as made:
        kept = made.pages[0].Resources
        assert {kind: set(kept[kind].keys()) for kind in kept.keys() if kind != "/ProcSet"} == {  # noqa: SIM118
            "/Pattern": {"/P"},
            "/Font": {"/F"},
            "/ExtGState": {"/G"},
            "/XObject": {"/Bare", "/Lent", "/A B"},
            "/ColorSpace": {"/DefaultRGB"},
        }
        for holder in (kept.Pattern.P, kept.Font.F, kept.ExtGState.G.SMask.G):
            assert set(holder.Resources.XObject.keys()) == {"/Used"}


def test_content_that_cannot_be_decoded_keeps_all_resources() -> None:
    pdf = one_page(b"", Dictionary(Font=Dictionary(F=Dictionary(Type=Name.Font))))
    pdf.pages[0].obj.Contents = Stream(pdf, b"no deflate data at all", Filter=Name.FlateDecode)
    piece, _ = cut(saved(pdf), 1, 1)
    with pikepdf.open(io.BytesIO(piece)) as made:
        assert list(made.pages[0].Resources.Font.keys()) == ["/F"]


def test_the_same_call_writes_the_same_bytes_whatever_was_cut_before(tmp_path: Path) -> None:
    data = book()
    with pdf_cutter(io.BytesIO(data), OPTIONS) as cutter:
        orders = [[(1, 4), (5, 8), (2, 11), (5, 8)], [(5, 8), (1, 12), (1, 4)]]
        made: dict[tuple[int, int], set[bytes]] = {}
        for wanted in orders[0]:
            out = io.BytesIO()
            cutter.cut(*wanted, out)
            made.setdefault(wanted, set()).add(out.getvalue())
    with pdf_cutter(io.BytesIO(data), OPTIONS) as cutter:
        for wanted in orders[1]:
            out = io.BytesIO()
            cutter.cut(*wanted, out)
            made.setdefault(wanted, set()).add(out.getvalue())
    assert {wanted: len(found) for wanted, found in made.items()} == dict.fromkeys(made, 1)
    (tmp_path / "book.pdf").write_bytes(data)
    script = (
        "import io, sys; from extractors.base import CutOptions; from extractors.pdf.cut import pdf_cutter\n"
        "with open(sys.argv[1], 'rb') as file, pdf_cutter(file, CutOptions(media_type='application/pdf',"
        " source_name='book.pdf')) as cutter:\n"
        "    out = io.BytesIO(); cutter.cut(5, 8, out); sys.stdout.buffer.write(out.getvalue())"
    )
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "book.pdf")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        assert {run.stdout} == made[5, 8]


def test_pieces_of_one_file_have_different_identifiers() -> None:
    marks = set()
    for _, piece, _ in pieces(io.BytesIO(book()), 3):
        with pikepdf.open(io.BytesIO(piece)) as made:
            marks.add(bytes(made.trailer.ID[0]))
    assert len(marks) == 3


@pytest.mark.parametrize("form", [pikepdf.Encryption(owner="owner", user="secret", R=6), None])
def test_encrypted_documents_need_their_password_and_pieces_do_not(form: pikepdf.Encryption | None) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(book())) as pdf:
        pdf.save(out, encryption=form or pikepdf.Encryption(owner="owner", user="", R=4))
    data = out.getvalue()
    if form is not None:
        with pytest.raises(PasswordRequired, match="Give the password"):
            cut(data, 1, 1)
        with pytest.raises(WrongPassword):
            cut(data, 1, 1, options=dataclasses.replace(OPTIONS, password="no"))
    for password in ("secret", "owner") if form is not None else (None, "owner"):
        piece, changes = cut(data, 2, 3, options=dataclasses.replace(OPTIONS, password=password))
        assert codes(changes)[0] == "decrypted"
        with pikepdf.open(io.BytesIO(piece)) as made:
            assert not made.is_encrypted
        assert texts(piece) == texts(book())[1:3]


def test_a_document_that_cannot_be_cut_says_why() -> None:
    with pytest.raises(EmptyDocument):
        cut(b"", 1, 1)
    with pytest.raises(DamagedDocument, match="new PDF and cut that"):
        cut(b"%PDF-1.7\nnothing here", 1, 1)
    with pytest.raises(DamagedDocument, match="no pages"):
        cut(saved(Pdf.new()), 1, 1)
    few = dataclasses.replace(OPTIONS, limits=ReadLimits(max_units=11))
    with pytest.raises(SafetyLimitExceeded, match="12 pages"):
        cut(book(), 1, 1, options=few)


@pytest.mark.parametrize(("first", "last"), [(0, 1), (3, 2), (12, 13), (14, 15)])
def test_pages_that_are_not_there_are_an_error(first: int, last: int) -> None:
    with pytest.raises(DamagedDocument, match="pages 1 to 12") as caught:
        cut(book(), first, last)
    assert caught.value.unit == last


class FullDisk(io.BytesIO):
    """A file that takes a thousand bytes."""

    def write(self, data: object) -> int:
        if self.tell() > 1000:
            raise OSError(28, "No space left on device")
        return super().write(data)  # type: ignore[arg-type]


def test_a_full_disk_is_told_as_it_is_and_the_next_cut_works() -> None:
    with pdf_cutter(io.BytesIO(book()), OPTIONS) as cutter:
        with pytest.raises(OSError, match="No space left"):
            cutter.cut(1, 12, FullDisk())
        out = io.BytesIO()
        cutter.cut(1, 12, out)
    assert len(texts(out.getvalue())) == 12


def test_pages_that_share_an_annotation_both_have_it() -> None:
    pdf = Pdf.new()
    pages = [add(pdf) for _ in range(3)]
    link = pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), P=pages[0]))
    link.A = Dictionary(S=Name.GoTo, D=Array([pages[2], Name.Fit]))
    pages[0].Annots = pages[1].Annots = Array([link])
    piece, _ = cut(saved(pdf), 1, 3)
    with pikepdf.open(io.BytesIO(piece)) as made:
        assert jumps(made) == [(0, 2), (1, 2)]


def test_signatures_do_not_outlive_the_cut_but_their_look_does() -> None:
    pdf = one_page()
    look = Stream(pdf, b"0 0 9 9 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
    signature = Dictionary(Type=Name.Sig, ByteRange=Array([0, 1, 2, 3]), Contents=String(b"\0" * 99))
    widget = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=Name.Sig, T=String("s"), Rect=Array([0, 0, 9, 9]), V=signature
        )
    )
    widget.AP = Dictionary(N=look)
    pdf.pages[0].obj.Annots = Array([widget])
    pdf.Root.AcroForm = Dictionary(Fields=Array([widget]), SigFlags=3)
    pdf.Root.Perms = Dictionary(DocMDP=signature)
    piece, changes = cut(saved(pdf), 1, 1)
    with pikepdf.open(io.BytesIO(piece)) as made:
        kept = made.Root.AcroForm.Fields[0]
        assert Name.V not in kept
        assert Name.N in kept.AP
        assert Name.SigFlags not in made.Root.AcroForm
    (change,) = changes
    assert (change.code, change.units, change.before) == ("signatures-invalidated", (1,), {"signatures": 1})


def test_the_extractor_cuts() -> None:
    extractor = PdfExtractor()
    assert isinstance(extractor, Cuttable)
    with extractor.cutter(io.BytesIO(book()), CutOptions(media_type="application/pdf", source_name="x")) as cutter:
        out = io.BytesIO()
        cutter.cut(1, 1, out)
    assert len(texts(out.getvalue())) == 1
