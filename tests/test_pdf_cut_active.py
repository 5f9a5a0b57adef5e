"""Active content: none of it gets into pieces unless it is wanted, and plain links do."""

from __future__ import annotations

import dataclasses
import io
import zlib
from collections import Counter
from typing import TYPE_CHECKING

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdf_pieces import OPTIONS, add, codes, cut, one_page, saved
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from extractors.errors import ActiveContentRejected
from extractors.pdf.cut import pdf_cutter
from extractors.pdf.cutting.actions import Actions, uri_kind

if TYPE_CHECKING:
    from extractors.base import Change

KEEP = dataclasses.replace(OPTIONS, active_content="keep")
REJECT = dataclasses.replace(OPTIONS, active_content="reject")
RECT = Array([0, 0, 9, 9])
MARKERS = (
    b"JavaScript",
    b"app.alert",
    b"Launch",
    b"cmd.exe",
    b"/AA",
    b"OpenAction",
    b"EmbeddedFile",
    b"evil.exe",
    b"XFA",
    b"javascript:",
    b"GoToR",
    b"127.0.0.1",
)


def hostile() -> bytes:
    """The things shared/hostile/make_nasty.py puts into active_content.pdf, and more places to hide them."""
    pdf = Pdf.new()
    script = pdf.make_indirect(Dictionary(S=Name.JavaScript, JS=String("app.alert(1)")))
    launch = pdf.make_indirect(Dictionary(S=Name.Launch, F=String("cmd.exe"), Win=Dictionary(F=String("cmd.exe"))))
    unc = Dictionary(S=Name.GoToR, F=String("\\\\127.0.0.1\\share\\x.pdf"))
    page = add(pdf, b"BT ET", AA=Dictionary(O=launch))
    widget = pdf.make_indirect(
        Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("f"), Rect=RECT, AA=Dictionary(K=script))
    )
    chain = Dictionary(S=Name.URI, URI=String("https://example.org/ok"))
    chain.Next = Array([script, Dictionary(S=Name.Named, N=Name.NextPage, Next=launch)])
    page.Annots = Array(
        [
            Dictionary(
                Type=Name.Annot, Subtype=Name.Link, Rect=RECT, A=Dictionary(S=Name.URI, URI=String("java\nscript:1"))
            ),
            Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=RECT, A=unc),
            Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=RECT, A=chain),
            Dictionary(
                Type=Name.Annot, Subtype=Name.Link, Rect=RECT, PA=Dictionary(S=Name.URI, URI=String("file:///x"))
            ),
            Dictionary(Type=Name.Annot, Subtype=Name.Screen, Rect=RECT, A=Dictionary(S=Name.Rendition, JS=String("x"))),
            Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=RECT, FS=Dictionary(F=String("evil.exe"))),
            Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=RECT, RichMediaContent=Dictionary(A=script)),
            widget,
        ]
    )
    root = pdf.Root
    root.OpenAction, root.AA = script, Dictionary(WC=script)
    spec = Dictionary(
        Type=Name.Filespec, F=String("../evil.exe"), EF=Dictionary(F=Stream(pdf, b"MZ", Type=Name.EmbeddedFile))
    )
    root.Names = Dictionary(
        JavaScript=Dictionary(Names=Array([String("x"), script])),
        EmbeddedFiles=Dictionary(Names=Array([String("../evil.exe"), spec])),
    )
    root.AcroForm = Dictionary(Fields=Array([widget]), XFA=Stream(pdf, b"<xdp/>"), CO=Array([widget]))
    item = pdf.make_indirect(Dictionary(Title=String("run"), A=launch))
    root.Outlines = pdf.make_indirect(Dictionary(First=item, Last=item, Count=1))
    return saved(pdf)


def unpacked(piece: bytes) -> bytes:
    """Everything in a file, streams decoded."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(piece)) as pdf:
        pdf.save(
            out,
            fix_metadata_version=False,
            preserve_pdfa=False,
            compress_streams=False,
            stream_decode_level=pikepdf.StreamDecodeLevel.all,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
        )
    return out.getvalue()


def test_nothing_active_is_left_in_a_piece() -> None:
    piece, changes = cut(hostile(), 1, 1)
    data = unpacked(piece)
    assert [marker for marker in MARKERS if marker in data] == []
    assert b"https://example.org/ok" in data
    stripped = next(change for change in changes if change.code == "active-content-stripped")
    assert stripped.units == (1,)
    assert stripped.before == {
        "file-link": 1,
        "goto-remote": 1,
        "javascript": 5,
        "launch": 3,
        "rendition": 1,
        "rich-media": 1,
        "script-uri": 1,
    }
    assert {"xfa-dropped", "attachments-dropped", "page-attachments-dropped"} <= set(codes(changes))


def test_annotations_stay_when_what_they_did_goes() -> None:
    with pikepdf.open(io.BytesIO(cut(hostile(), 1, 1)[0])) as pdf:
        kept = list(pdf.pages[0].Annots)
        assert len(kept) == 8
        assert Name.NextPage == kept[2].A.Next.N
        assert Name.Next not in kept[2].A.Next


def test_active_content_stays_when_it_is_wanted() -> None:
    piece, changes = cut(hostile(), 1, 1, options=KEEP)
    data = unpacked(piece)
    for marker in (b"app.alert", b"cmd.exe", b"/AA", b"OpenAction", b"127.0.0.1"):
        assert marker in data
    assert b"/XFA" not in data  # the form it describes is cut in two
    assert b"../evil.exe" not in data
    assert set(codes(changes)) == {"xfa-dropped", "attachments-dropped"}


def test_documents_with_active_content_can_be_rejected() -> None:
    with pytest.raises(ActiveContentRejected, match="javascript"), pdf_cutter(io.BytesIO(hostile()), REJECT):
        pass
    piece, _ = cut(saved(one_page(b"BT ET")), 1, 1, options=REJECT)
    assert piece.startswith(b"%PDF")


def test_content_in_other_files_is_not_fetched_from_a_piece() -> None:
    pdf = one_page(b"/Im Do /Fm Do")
    image = Stream(pdf, b"x", Subtype=Name.Image, Width=1, Height=1, F=String("\\\\host\\a"), OPI=Dictionary())
    form = Stream(pdf, b"", Subtype=Name.Form, BBox=RECT, Ref=Dictionary(F=String("\\\\host\\b"), Page=0))
    pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(Im=image, Fm=form))
    assert b"host" not in unpacked(cut(saved(pdf), 1, 1)[0])


def test_relative_addresses_become_absolute_where_the_document_says_of_what() -> None:
    def addresses(base: str | None) -> list[str]:
        pdf = one_page()
        pdf.pages[0].obj.Annots = Array(
            [
                Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=RECT, A=Dictionary(S=Name.URI, URI=String(uri)))
                for uri in ("a/b.html", "www.example.org/x", "mailto:a@b.c")
            ]
        )
        if base is not None:
            pdf.Root.URI = Dictionary(Base=String(base))
        with pikepdf.open(io.BytesIO(cut(saved(pdf), 1, 1)[0])) as made:
            return [str(one.A.URI) for one in made.pages[0].Annots if Name.A in one]

    assert addresses("https://example.org/docs/") == [
        "https://example.org/docs/a/b.html",
        "www.example.org/x",
        "mailto:a@b.c",
    ]
    assert addresses("file:///etc/") == ["www.example.org/x", "mailto:a@b.c"]
    assert addresses(None) == ["www.example.org/x", "mailto:a@b.c"]


@given(
    scheme=st.sampled_from(["javascript", "vbscript", "data", "file", "ftp", "smb", "ms-word", "x"]),
    noise=st.text("\t\n\r \x00\x0b\x7f", max_size=3),
    place=st.integers(0, 20),
    upper=st.booleans(),
    rest=st.text(max_size=10),
)
def test_no_spelling_hides_a_scheme(scheme: str, noise: str, place: int, rest: str, *, upper: bool) -> None:
    address = f"{scheme.upper() if upper else scheme}:{rest}"
    place = min(place, len(scheme))
    assert uri_kind(address[:place] + noise + address[place:]) is not None


@given(st.sampled_from(["https://", "HTTP://", "mailto:"]), st.text(max_size=20))
def test_web_pages_and_mail_may_be_linked(scheme: str, rest: str) -> None:
    assert uri_kind(scheme + rest) is None


def test_shares_on_other_machines_may_not() -> None:
    assert {uri_kind(address) for address in ("\\\\host\\x", "//host/x", " \t\\\\host")} == {"unc-link"}


def test_a_long_or_circular_chain_of_actions_ends() -> None:
    pdf = Pdf.new()
    first = pdf.make_indirect(Dictionary(S=Name.URI, URI=String("https://example.org")))
    last = first
    for _ in range(200):
        last.Next = pdf.make_indirect(Dictionary(S=Name.Named, N=Name.NextPage))
        last = last.Next
    last.Next = first
    found: Counter[str] = Counter()
    kept = Actions(keep=False).cleaned(first, found)
    assert found["chain"] == 151
    length = 0
    step: object = kept
    while isinstance(step, Dictionary):
        length, step = length + 1, step.get(Name.Next)
    assert length == 50


def test_what_is_counted_is_what_was_there() -> None:
    def total(changes: tuple[Change, ...]) -> int:
        return sum(
            int(count)
            for change in changes
            if change.code == "active-content-stripped"
            for count in change.before.values()
        )

    assert total(cut(saved(one_page()), 1, 1)[1]) == 0
    assert total(cut(hostile(), 1, 1)[1]) == 13


def test_a_metadata_packet_that_explodes_is_left_out() -> None:
    entities = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    packet = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">' + entities + b']><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description>&a9;</rdf:Description>'
        b"</rdf:RDF></x:xmpmeta>"
    )
    pdf = one_page()
    pdf.Root.Metadata = Stream(
        pdf, zlib.compress(packet), Type=Name.Metadata, Subtype=Name.XML, Filter=Name.FlateDecode
    )
    piece, changes = cut(saved(pdf), 1, 1)
    assert b"Metadata" not in unpacked(piece)
    assert codes(changes) == ["metadata-dropped"]
