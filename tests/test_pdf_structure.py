"""What is read of a PDF beside its pages, on real, made and hostile files."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from extractors.base import ReadLimits, ReadOptions
from extractors.errors import ExtractionError, SafetyLimitExceeded
from extractors.pdf.opening import open_pdf
from extractors.pdf.structure import Structure, read_structure

OPTIONS = ReadOptions(media_type="application/pdf")
PAGES = (b"<</Type/Pages/Count 1/Kids[3 0 R]>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Resources<<>>%s>>")


def pdf_of(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF from the bodies of its objects; the first is the catalog."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, table)
    return bytes(out)


def document(catalog: bytes = b"", *more: bytes, page: bytes = b"", trailer: bytes = b"") -> bytes:
    """One page; further objects are numbered from 4."""
    return pdf_of(b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog, PAGES[0], PAGES[1] % page, *more, trailer=trailer)


def structure_of(content: bytes | io.BytesIO, password: str | None = None) -> Structure:
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    with open_pdf(file, password) as opened:
        return read_structure(file, opened, OPTIONS)


def codes(structure: Structure) -> list[str]:
    return [finding.code for finding in structure.findings]


def test_a_plain_document_has_nothing_to_tell() -> None:
    structure = structure_of(document())
    assert structure.findings == ()
    assert structure.outline == ()
    assert structure.pdf.page_counts == {"pdfium": 1, "qpdf": 1}
    assert (structure.pdf.version, structure.pdf.opened_with, structure.pdf.encryption) == ("1.7", "none", None)


def test_facts_of_the_catalog() -> None:
    catalog = (
        b"/Version/2.0/MarkInfo<</Marked true>>/OCProperties<</OCGs[4 0 R]>>/PageLabels<</Nums[0<</S/r/St 4>>]>>"
        b"/Outlines<</First 5 0 R>>"
    )
    info = b"<</Title<FEFF0041202E0042000D0043>/Producer(Maker\\000 1)>>"
    more = (
        b"<</Type/OCG/Name(x)>>",
        b"<</Title(One)/Dest[3 0 R/Fit]/First 6 0 R>>",
        b"<</Title(Two)/Dest(gone)>>",
        info,
    )
    structure = structure_of(document(catalog, *more, trailer=b"/Info 7 0 R"))
    facts = structure.pdf
    assert (facts.version, facts.tagged, facts.optional_content, facts.page_labels) == ("2.0", True, True, ("iv",))
    assert (facts.title, facts.producer) == ("AB C", "Maker 1")
    assert [(e.title, e.level, e.unit) for e in structure.outline] == [("One", 1, 1), ("Two", 2, None)]
    assert codes(structure) == ["layers"]


def test_labels_that_only_count_are_left_out() -> None:
    assert structure_of(document(b"/PageLabels<</Nums[0<</S/D>>]>>")).pdf.page_labels == ()


def test_a_title_of_broken_text_is_made_safe() -> None:
    assert structure_of(document(b"", b"<</Title<FEFFD8000041>>>", trailer=b"/Info 4 0 R")).pdf.title == "\ufffdA"


ACTIONS = {
    "javascript": b"<</S/JavaScript/JS(x)>>",
    "launch": b"<</S/Launch/F(calc.exe)>>",
    "submit-form": b"<</S/SubmitForm/F(http://x)>>",
    "import-data": b"<</S/ImportData/F(x.fdf)>>",
    "goto-remote": b"<</S/GoToR/F(x.pdf)/D[0/Fit]>>",
    "goto-embedded": b"<</S/GoToE/D[0/Fit]>>",
    "rendition": b"<</S/Rendition/OP 0>>",
    "movie": b"<</S/Movie>>",
    "sound": b"<</S/Sound>>",
    "rich-media": b"<</S/RichMediaExecute>>",
    "script-uri": b"<</S/URI/URI(  java\\tscript:alert(1))>>",
    "unc-link": b"<</S/URI/URI(file://server/share)>>",
    "file-link": b"<</S/URI/URI(file:///etc/passwd)>>",
}
PLACES = {
    "on opening": (b"/OpenAction %s", b"", {"open-action"}, ()),
    "document event": (b"/AA<</WC %s>>", b"", {"additional-actions"}, ()),
    "page event": (b"", b"/AA<</O %s>>", {"additional-actions"}, (1,)),
    "annotation": (b"", b"/Annots[<</Subtype/Link/A %s>>]", set(), (1,)),
    "annotation event": (b"", b"/Annots[<</Subtype/Widget/AA<</E %s>>>>]", {"additional-actions"}, (1,)),
    "field without a widget": (b"/AcroForm<</Fields[<</T(f)/FT/Tx/AA<</K %s>>>>]>>", b"", {"additional-actions"}, ()),
    "deep field": (b"/AcroForm<</Fields[<</T(f)/Kids[<</T(g)/A %s>>]>>]>>", b"", set(), ()),
    "outline": (b"/Outlines<</First<</Title(x)/A %s>>>>", b"", set(), ()),
    "after another": (b"/OpenAction<</S/GoTo/D[3 0 R/Fit]/Next[%s]>>", b"", {"open-action"}, ()),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ACTIONS)
def test_active_content_is_found_wherever_it_is(kind: str, place: str) -> None:
    catalog, page, also, units = PLACES[place]
    fill = [part % ACTIONS[kind] if b"%s" in part else part for part in (catalog, page)]
    structure = structure_of(document(fill[0], page=fill[1]))
    assert structure.pdf.active_content == tuple(sorted({kind} | also))
    finding = next(finding for finding in structure.findings if finding.code == "active-content")
    assert finding.units == units
    assert "print it to a new PDF" in finding.message


@pytest.mark.parametrize(
    "harmless",
    [
        b"<</S/GoTo/D[3 0 R/Fit]>>",
        b"<</S/Named/N/NextPage>>",
        b"<</S/URI/URI(https://example.org)>>",
        b"<</S/URI/URI(mailto:a@example.org)>>",
        b"<</S/URI/URI(//example.org/x)>>",
        b"[3 0 R/Fit]",
        b"42",
        b"null",
    ],
)
def test_ordinary_links_are_no_active_content(harmless: bytes) -> None:
    page = b"/Annots[<</Subtype/Link/A %s>>]/AA<</O %s>>" % (harmless, harmless)
    structure = structure_of(document(b"/OpenAction %s" % harmless, page=page))
    assert structure.pdf.active_content == ()
    assert structure.findings == ()


@pytest.mark.parametrize(
    ("subtype", "kind"), [("RichMedia", "rich-media"), ("Movie", "movie"), ("Sound", "sound"), ("3D", "3d")]
)
def test_media_annotations_are_active_content(subtype: str, kind: str) -> None:
    structure = structure_of(document(page=b"/Annots[<</Subtype/%s>>]" % subtype.encode()))
    assert structure.pdf.active_content == (kind,)


def test_a_share_hidden_in_a_file_name_is_found() -> None:
    structure = structure_of(document(b"/OpenAction<</S/GoToR/F<</UF(\\\\\\\\server\\\\x.pdf)>>>>"))
    assert structure.pdf.active_content == ("goto-remote", "open-action", "unc-link")


def test_forms_and_signatures_are_counted() -> None:
    fields = (
        b"/AcroForm<</XFA(x)/Fields[<</T(group)/FT/Tx/Kids[<</T(a)/V(1)>><</T(b)>>]>>"
        b"<</T(radio)/FT/Btn/Kids[<</Subtype/Widget>><</Subtype/Widget>>]>>"
        b"<</T(s1)/FT/Sig/V<</Type/Sig>>>><</T(s2)/FT/Sig>>]>>"
    )
    structure = structure_of(document(fields))
    assert (structure.pdf.form_fields, structure.pdf.signatures, structure.pdf.xfa) == (5, 1, True)
    assert codes(structure) == ["xfa", "signed", "form-fields"]
    messages = {finding.code: finding.message for finding in structure.findings}
    assert "3 form fields" in messages["form-fields"]
    assert "1 digital signature." in messages["signed"]


def test_attachments_are_named_safely_and_never_opened() -> None:
    names = b"/Names<</EmbeddedFiles<</Names[(k)<</Type/Filespec/UF<FEFF202E006600640070002E0065>/EF<<>>>>]>>>>"
    page = b"/Annots[<</Subtype/FileAttachment/FS<</F(../../etc/passwd\n)>>>>]"
    structure = structure_of(document(names, page=page))
    assert structure.pdf.attachments == ("fdp.e", "../../etc/passwd")
    assert structure.pdf.active_content == ("embedded-files",)
    assert codes(structure) == ["attachments"]
    assert codes(structure_of(document(names + b"/Collection<<>>"))) == ["portfolio"]


def encrypted(**options: Any) -> io.BytesIO:
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(**options))
    return out


@pytest.mark.parametrize(
    ("options", "method"),
    [
        ({"R": 6}, "AES-256"),
        ({"R": 4}, "AES-128"),
        ({"R": 4, "aes": False, "metadata": False}, "RC4-128"),
        ({"R": 3, "aes": False, "metadata": False}, "RC4-128"),
        ({"R": 2, "aes": False, "metadata": False}, "RC4-40"),
    ],
)
def test_encryption_is_named(options: dict[str, Any], method: str) -> None:
    structure = structure_of(encrypted(owner="o", user="", **options))
    assert (structure.encrypted, structure.pdf.encryption, structure.pdf.opened_with) == (True, method, "empty")
    assert codes(structure) == ["encrypted"]
    assert structure.pdf.page_counts == {"pdfium": 1, "qpdf": 1, "pypdf": 1}
    assert set(structure.pdf.permissions) >= {"print", "copy", "modify", "annotate"}


def test_forbidden_copying_is_said() -> None:
    import pikepdf

    file = encrypted(
        owner="o", user="u", allow=pikepdf.Permissions(extract=False, print_lowres=False, print_highres=False)
    )
    structure = structure_of(file, "u")
    assert not structure.pdf.permissions["copy"]
    assert not structure.pdf.permissions["print"]
    assert structure.pdf.permissions["annotate"]
    assert codes(structure) == ["encrypted", "copying-forbidden"]


def test_counts_that_differ_are_a_finding_and_no_guess() -> None:
    pages = b"<</Type/Pages/Count 1/Kids[3 0 R 4 0 R]>>"
    page = PAGES[1] % b""
    structure = structure_of(pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", pages, page, page))
    assert structure.pdf.page_counts == {"pdfium": 1, "qpdf": 2, "pypdf": 2, "declared": 1}
    (finding,) = structure.findings
    assert finding.code == "structure-inconsistent"
    assert "pdfium 1, pypdf 2, qpdf 2" in finding.message
    assert "Counted here are the 1 " in finding.message


def test_what_qpdf_refuses_is_read_by_pypdf_as_far_as_it_goes() -> None:
    catalog = b"/PageLabels<</Nums[0<</S/A>>]>>/Outlines<</First 4 0 R>>"
    too_deep = b"/X " + b"<</A " * 600 + b"1" + b">>" * 600
    structure = structure_of(document(catalog, b"<</Title(Start)/Dest[3 0 R/Fit]>>", page=too_deep))
    assert structure.pdf.page_counts == {"pdfium": 1, "pypdf": 1}
    assert [(e.title, e.unit) for e in structure.outline] == [("Start", 1)]
    assert structure.pdf.page_labels == ("A",)
    assert {"damaged", "not-examined"} <= set(codes(structure))


def test_more_pages_than_the_limit_are_refused() -> None:
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 23))
    pages = b"<</Type/Pages/Count 20/Kids[%s]>>" % kids
    file = io.BytesIO(pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", pages, *[PAGES[1] % b""] * 20))
    options = ReadOptions(media_type="application/pdf", limits=ReadLimits(max_units=19))
    with open_pdf(file, None) as opened, pytest.raises(SafetyLimitExceeded, match="20 pages; at most 19"):
        read_structure(file, opened, options)


def shared_branches(leaf: bytes, first: int) -> list[bytes]:
    """A tree of ten levels whose nodes each list the next level ten times: 10^10 leaves from eleven objects."""
    levels = [b"<</Limits[(a)(z)]/Kids[%s]>>" % b" ".join([b"%d 0 R" % (first + n + 1)] * 10) for n in range(10)]
    return [*levels, b"<</Limits[(a)(z)]/Names[(a)%s]>>" % leaf]


ITEM = b"<</Title(t)/First %d 0 R/Next %d 0 R>>"
MANY = b" ".join(b"%d 0 R" % number for number in range(5, 1005)) * 50
HOSTILE = {
    "outline ring": document(b"/Outlines<</First 4 0 R>>", ITEM % (4, 4)),
    "outline with shared branches": document(
        b"/Outlines<</First 4 0 R>>", *[ITEM % (5 + n, 5 + n) for n in range(60)], b"<</Title(end)>>"
    ),
    "deep outline": document(
        b"/Outlines<</First 4 0 R>>",
        *[b"<</Title(t)/First %d 0 R>>" % (5 + n) for n in range(3000)],
        b"<</Title(end)>>",
    ),
    "wide outline": document(
        b"/Outlines<</First 4 0 R>>", *[b"<</Title(t)/Next %d 0 R>>" % (5 + n) for n in range(30_000)], b"<</Title(e)>>"
    ),
    "fields in a ring": document(b"/AcroForm<</Fields[4 0 R]>>", b"<</T(x)/Parent 4 0 R/Kids[4 0 R]>>"),
    "fields that share their kids": document(
        b"/AcroForm<</Fields 4 0 R>>", b"[%s]" % MANY, *[b"<</T(x)/Kids 4 0 R>>"] * 1000
    ),
    "actions that share what follows": document(
        b"/OpenAction 5 0 R", b"[%s]" % MANY, *[b"<</S/GoTo/Next 4 0 R>>"] * 1000
    ),
    "attachments with shared branches": document(b"/Names<</EmbeddedFiles 4 0 R>>", *shared_branches(b"<</F(a)>>", 4)),
    "labels with shared branches": document(b"/PageLabels 4 0 R", *shared_branches(b"<</S/r>>", 4)),
    "destinations with shared branches": document(
        b"/Names<</Dests 5 0 R>>/Outlines<</First 4 0 R>>",
        b"<</Title(t)/Dest(q)>>",
        *shared_branches(b"[3 0 R/Fit]", 5),
    ),
    "a million annotations": pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        PAGES[0],
        PAGES[1] % b"/Annots 4 0 R",
        b"[%s]" % (b"5 0 R " * 1_000_000),
        b"<</Subtype/Link>>",
    ),
    "annotations over the limit": pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 2/Kids[3 0 R 5 0 R]>>",
        PAGES[1] % b"/Annots 4 0 R",
        b"[%s]" % (b"<<>>" * 60_000),
        PAGES[1] % b"/Annots 4 0 R",
    ),
    "pages that share a million events": pdf_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 999/Kids[%s]>>" % b" ".join(b"%d 0 R" % number for number in range(5, 1004)),
        b"<<%s>>" % b"".join(b"/E%d 4 0 R" % number for number in range(60_000)),
        b"<</S/GoTo>>",
        *[PAGES[1] % b"/AA 3 0 R"] * 999,
    ),
    "labels that share a long prefix": pdf_of(
        b"<</Type/Catalog/Pages 2 0 R/PageLabels<</Nums[0<</S/D/P 3 0 R>>]>>>>",
        b"<</Type/Pages/Count 999/Kids[%s]>>" % b" ".join(b"%d 0 R" % number for number in range(4, 1003)),
        b"(%s)" % (b"x" * 1_500_000),
        *[PAGES[1] % b""] * 999,
    ),
    "labels of an unknown style": document(b"/PageLabels<</Nums[0<</S/Q/St(x)>>]>>"),
    "labels of a wrong type": document(b"/PageLabels<</Nums[0 4 0 R]>>", b"[1]"),
    "wrong types everywhere": document(
        b"/AcroForm 3/Outlines[1]/Names 4/PageLabels true/OCProperties(x)/MarkInfo[]/Collection 1/AA 3/OpenAction 9",
        page=b"/Annots 5/AA[]",
    ),
}


@pytest.mark.parametrize("threat", HOSTILE)
def test_hostile_structure_ends_soon_and_silently(threat: str, capfd: pytest.CaptureFixture[str]) -> None:
    started = time.process_time()
    structure = structure_of(HOSTILE[threat])
    assert time.process_time() - started < 5
    assert structure.pdf.page_counts["pdfium"] >= 1
    assert capfd.readouterr().err == ""
    for finding in structure.findings:
        assert finding.message.endswith(".")
        assert len(finding.message) < 450
        assert not re.search(r"0x[0-9a-f]{6}|/tmp|BytesIO", finding.message), "messages name no place on this machine"


def test_what_is_cut_is_said() -> None:
    for threat, what in (
        ("wide outline", "outline"),
        ("deep outline", "outline"),
        ("annotations over the limit", "annotations"),
    ):
        structure = structure_of(HOSTILE[threat])
        (finding,) = [finding for finding in structure.findings if finding.code == "truncated"]
        assert structure.truncated, threat
        assert what in finding.message
    structure = structure_of(HOSTILE["attachments with shared branches"])
    assert "attachments" in next(f.message for f in structure.findings if f.code == "not-examined")


def test_the_corpus_is_read_as_labelled(
    corpus: Path, labels: list[dict[str, Any]], capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = []
    for label in labels:
        if label["type"] != "pdf":
            continue
        try:
            with (corpus / label["path"]).open("rb") as file, open_pdf(file, label.get("user_password")) as opened:
                structure = read_structure(file, opened, OPTIONS)
        except ExtractionError:
            continue
        facts, tags = structure.pdf, set(label.get("tags") or [])
        seen = (len(structure.outline), len(facts.attachments), structure.encrypted, facts.page_counts["pdfium"])
        outline, attachments = label.get("outline_items") or 0, label.get("attachments") or 0
        if isinstance(outline, str):  # "500+"
            outline = len(structure.outline) if len(structure.outline) >= int(outline.rstrip("+")) else -1
        expected = (outline, attachments, bool(label.get("encrypted")), label.get("pages_pdfium") or 1)
        # The tags come from a search of the bytes: it sees no compressed objects, and "linearized" also in files
        # that were changed since.
        flags = ("xfa" not in tags or facts.xfa) and (not facts.linearized or "linearized" in tags)
        if seen != expected or not flags:
            wrong.append((label["path"], seen, expected, tags))
    assert not wrong
    assert capfd.readouterr().err == ""


def test_pypdf_and_qpdf_read_the_same_outlines(corpus: Path, labels: list[dict[str, Any]]) -> None:
    from extractors.pdf.outline import outline_by_qpdf, page_numbers
    from extractors.pdf.second import SecondReader
    from extractors.pdf.walk import Cuts, outline_nodes

    compared = 0
    for label in labels:
        if label["type"] != "pdf" or not label.get("outline_items") or not label["path"].startswith("pdf/"):
            continue
        with (corpus / label["path"]).open("rb") as file, open_pdf(file, label.get("user_password")) as opened:
            assert opened.pike is not None
            cuts = Cuts()
            numbers = page_numbers(opened.pike)
            nodes = outline_nodes(opened.pike, cuts)
            by_pypdf = SecondReader(file, opened.password).outline(numbers)
            if by_pypdf is None:  # it guessed
                continue
            assert outline_by_qpdf(opened.pike, nodes, numbers, cuts) == by_pypdf, label["path"]
            compared += 1
    assert compared >= 12


def long_document(pages: int) -> bytes:
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    paper = canvas.Canvas(out)
    for number in range(1, pages + 1):
        paper.bookmarkPage(f"p{number}")
        if number % 5 == 1:
            paper.addOutlineEntry(f"Chapter {number}", f"p{number}", 0)
        paper.drawString(50, 700, f"Page {number}")
        paper.linkRect("", f"p{number * 7 % pages + 1}", (50, 600, 90, 620))
        paper.linkURL("https://example.org", (50, 500, 90, 520))
        paper.showPage()
    paper.save()
    return out.getvalue()


def test_long_documents_cost_little_a_page() -> None:
    file = io.BytesIO(long_document(1500))
    structure_of(file)
    started = time.process_time()
    structure = structure_of(file)
    spent = time.process_time() - started
    assert len(structure.outline) == 300
    assert structure.outline[-1].unit == 1496
    assert structure.findings == ()
    assert spent / 1500 < 0.0006, "twice the goal of 0.3 ms a page, for busy machines"


LOADED = """
import io, json, sys
from extractors.base import ReadOptions
from extractors.pdf.opening import open_pdf
from extractors.pdf.structure import read_structure
file = io.BytesIO(sys.stdin.buffer.read())
with open_pdf(file, None) as opened:
    read_structure(file, opened, ReadOptions(media_type="application/pdf"))
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize(("catalog", "wanted"), [(b"", False), (b"/Outlines<</First<</Title(x)>>>>", True)])
def test_pypdf_is_loaded_only_where_it_is_asked(catalog: bytes, *, wanted: bool) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], input=document(catalog), capture_output=True, check=True)
    assert ("pypdf" in json.loads(done.stdout)) is wanted
