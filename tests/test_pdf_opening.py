"""Opening PDFs: passwords, damage, repair, size; and that nothing else than our own errors comes out."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors.errors import (
    DamagedDocument,
    EmptyDocument,
    ExtractionError,
    NoPages,
    PasswordRequired,
    UnsupportedFormat,
    WrongPassword,
)
from extractors.pdf.opening import open_pdf
from extractors.pdf.passwords import password_forms, sasl_prepared

PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Resources<</Font<</F 4 0 R>>>>/Contents 5 0 R>>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
CONTENT = b"<</Length 42>>stream\nBT /F 12 Tf 20 100 Td (Good morning) Tj ET \nendstream"


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


def one_page(pages: bytes = b"<</Type/Pages/Count 1/Kids[3 0 R]>>", page: bytes = PAGE) -> bytes:
    return pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", pages, page, FONT, CONTENT)


def encrypted(**options: Any) -> io.BytesIO:
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(one_page())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(**options))
    return out


def text_of(file: Any, password: str | None = None) -> str:
    with open_pdf(file, password) as opened:
        text: str = opened.pdfium[0].get_textpage().get_text_bounded()
        return text


def test_a_file_is_mapped_and_given_back(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(one_page())
    with path.open("rb") as file, open_pdf(file, None) as opened:
        assert opened.page_count == 1
        assert opened.opened_with == "none"
        assert not opened.encrypted
        assert opened.pike is not None
        assert f"{path}" in Path("/proc/self/maps").read_text()
        document = opened.pdfium
    assert document.raw is None
    assert f"{path}" not in Path("/proc/self/maps").read_text()


def test_a_file_in_memory_opens_too() -> None:
    assert text_of(io.BytesIO(one_page())) == "Good morning"


def test_a_failure_inside_the_block_still_closes() -> None:
    with pytest.raises(ZeroDivisionError), open_pdf(io.BytesIO(one_page()), None) as opened:
        _ = 1 // 0
    assert opened.pdfium.raw is None


@pytest.mark.parametrize(
    ("content", "error", "next_step"),
    [
        (b"", EmptyDocument, "again"),
        (b"%PDF-1.7\n", DamagedDocument, "new PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), DamagedDocument, "new PDF"),
        (one_page(b"<</Type/Pages/Count 0/Kids[]>>"), NoPages, "new PDF"),
        (one_page(b"<</Type/Pages/Count 1/Kids[2 0 R]>>"), DamagedDocument, "new PDF"),
        (
            pdf_of(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Filter/Adobe.PubSec/V 4>>", trailer=b"/Encrypt 2 0 R"),
            UnsupportedFormat,
            "save a copy without protection",
        ),
    ],
    ids=["empty", "header only", "a picture", "no pages", "tree in a ring", "for certificates"],
)
def test_what_cannot_be_opened_says_what_to_do(content: bytes, error: type[ExtractionError], next_step: str) -> None:
    with pytest.raises(ExtractionError, match=next_step) as caught, open_pdf(io.BytesIO(content), None):
        pass
    assert type(caught.value) is error


def test_what_only_qpdf_opens_is_repaired(capfd: pytest.CaptureFixture[str]) -> None:
    headless = one_page().replace(b"%PDF-1.7\n", b"%XYZ-1.7\n")
    with open_pdf(io.BytesIO(headless), None) as opened:
        assert opened.pdfium[0].get_textpage().get_text_bounded() == "Good morning"
        assert [finding.code for finding in opened.findings] == ["repaired"]
        assert opened.pike is not None
    assert capfd.readouterr().err == ""


def test_what_only_pdfium_opens_is_read_with_a_finding() -> None:
    ring = one_page(b"<</Type/Pages/Count 2/Kids[3 0 R 2 0 R]>>")
    with open_pdf(io.BytesIO(ring), None) as opened:
        assert opened.pike is None
        assert opened.page_count == 1
        (finding,) = opened.findings
        assert finding.code == "damaged"
        assert "Loop detected" in finding.message
        assert "BytesIO" not in finding.message


@pytest.mark.parametrize(("declared", "real"), [(5, 1), (900_000, 1), (0, 1), (-3, 1)])
def test_pages_are_counted_by_loading_them(declared: int, real: int) -> None:
    lying = one_page(b"<</Type/Pages/Count %d/Kids[3 0 R]>>" % declared)
    with open_pdf(io.BytesIO(lying), None) as opened:
        assert opened.page_count == real


def test_passwords_open_and_are_told_apart() -> None:
    file = encrypted(owner="boss", user="staff")
    with pytest.raises(PasswordRequired, match="Give the password") as caught, open_pdf(file, None):
        pass
    assert type(caught.value) is PasswordRequired
    with pytest.raises(WrongPassword, match="Check its spelling"), open_pdf(file, "stuff"):
        pass
    for password, which in (("boss", "owner"), ("staff", "user")):
        with open_pdf(file, password) as opened:
            assert (opened.opened_with, opened.encrypted) == (which, True)
            assert opened.pdfium[0].get_textpage().get_text_bounded() == "Good morning"


@pytest.mark.parametrize("password", [None, "", "not needed"])
def test_the_empty_user_password_opens_whatever_was_given(password: str | None) -> None:
    with open_pdf(encrypted(owner="boss", user=""), password) as opened:
        assert (opened.opened_with, opened.encrypted) == ("empty", True)


def test_a_password_for_a_plain_file_does_no_harm() -> None:
    with open_pdf(io.BytesIO(one_page()), "secret") as opened:
        assert (opened.opened_with, opened.encrypted) == ("none", False)
        assert opened.pike is not None


@pytest.mark.parametrize("revision", [3, 4, 6])
def test_a_password_beyond_ascii_opens_when_utf_8_was_used(revision: int) -> None:
    file = encrypted(owner="boss", user="Füße-öffnen €", R=revision, aes=revision >= 4, metadata=revision >= 4)
    with open_pdf(file, "Füße-öffnen €") as opened:
        assert opened.opened_with == "user"
        assert opened.pike is not None


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128"])
def test_a_password_beyond_ascii_opens_when_latin_1_was_used(algorithm: str) -> None:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(one_page()))
    writer.encrypt("Füße-öffnen", "boss", algorithm=algorithm)
    file = io.BytesIO()
    writer.write(file)
    with open_pdf(file, "Füße-öffnen") as opened:
        assert opened.opened_with == "user"
        assert opened.pike is not None
        assert opened.password == "Füße-öffnen".encode("latin-1")


def test_a_repaired_file_stays_encrypted_in_the_facts() -> None:
    headless = encrypted(owner="boss", user="staff").getvalue().replace(b"%PDF-", b"%XYZ-", 1)
    with pytest.raises(PasswordRequired), open_pdf(io.BytesIO(headless), None):
        pass
    with pytest.raises(WrongPassword), open_pdf(io.BytesIO(headless), "stuff"):
        pass
    with open_pdf(io.BytesIO(headless), "staff") as opened:
        assert (opened.encrypted, opened.opened_with) == (True, "user")
        assert opened.pdfium[0].get_textpage().get_text_bounded() == "Good morning"


def test_password_forms_are_distinct_and_start_with_what_was_given() -> None:
    assert password_forms("abc") == (b"abc",)
    assert password_forms("I\u00adX")[0] == "I\u00adX".encode()
    assert b"IX" in password_forms("I\u00adX")
    assert sasl_prepared("\u00aa\u2168\u00a0") == "aIX "
    assert b"\xe4\xa0" in password_forms("ä€")
    assert b"\xe4\x80" in password_forms("ä€")


@given(st.text())
def test_no_form_of_a_password_ends_early_at_a_nul(password: str) -> None:
    forms = password_forms(password)
    assert len(set(forms)) == len(forms)
    assert not any(b"\0" in form or len(form) > 127 for form in forms)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_damage_of_any_kind_ends_in_our_own_errors(data: st.DataObject) -> None:
    content = bytearray(one_page())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        patch = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"/Kids", b"/Count", b"9999999", b"<<", b"]", b"0 R"])
        )
        content[at : at + data.draw(st.integers(0, 30))] = patch
    content = content[: data.draw(st.integers(1, len(content)))] if data.draw(st.booleans()) else content
    with contextlib.suppress(ExtractionError), open_pdf(io.BytesIO(bytes(content)), None) as opened:
        assert opened.page_count >= 1
        _ = opened.pike


BIG = """
import resource, sys
if sys.argv[2] == "limited":
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from extractors.pdf.opening import open_pdf
with open(sys.argv[1], "rb") as file, open_pdf(file, None) as opened:
    assert opened.pike is not None and opened.page_count == 1
    print(opened.pdfium[0].get_textpage().get_text_bounded())
# Not ru_maxrss: a process begins with its parent's peak.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) // 1024)
"""


@pytest.mark.parametrize("memory", ["free", "limited"])
def test_two_gigabytes_cost_no_memory(tmp_path: Path, memory: str) -> None:
    path = tmp_path / "big.pdf"
    hole = 2_100_000_000
    head = one_page().partition(b"5 0 obj")[0]
    with path.open("wb") as file:
        file.write(head + b"6 0 obj\n<</Length %d>>stream\n" % hole)
        file.seek(hole, 1)
        file.write(b"\nendstream\nendobj\n")
        content = file.tell()
        file.write(b"5 0 obj\n" + CONTENT + b"\nendobj\n")
        table = file.tell()
        rows = [head.index(b"%d 0 obj" % number) for number in range(1, 5)] + [content, len(head)]
        file.write(b"xref\n0 7\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % row for row in rows))
        file.write(b"trailer<</Size 7/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % table)
    done = subprocess.run(
        [sys.executable, "-c", BIG, path, memory], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    text, megabytes = done.stdout.split("\n")[:2]
    assert text == "Good morning"
    assert int(megabytes) < 200


def test_labelled_passwords_open_their_files(corpus: Path, labels: list[dict[str, Any]]) -> None:
    tried = 0
    for label in labels:
        if label["type"] != "pdf" or not label.get("encrypted"):
            continue
        for which in ("user", "owner"):
            password = label.get(f"{which}_password")
            if password is None:
                continue
            with (corpus / label["path"]).open("rb") as file, open_pdf(file, password) as opened:
                both = label.get("user_password") == label.get("owner_password")
                expected = "empty" if password == "" else "owner" if both else which
                assert opened.opened_with == expected, label["path"]
                assert opened.page_count == label["pages"]
                assert opened.pike is not None
            tried += 1
    assert tried >= 20


def test_every_file_of_the_corpus_ends_as_labelled(corpus: Path, labels: list[dict[str, Any]]) -> None:
    wrong = []
    for label in labels:
        if label["type"] != "pdf":
            continue
        try:
            with (corpus / label["path"]).open("rb") as file, open_pdf(file, label.get("user_password")) as opened:
                _ = opened.pike
                outcome = {"ok", "needs-password"} if not opened.findings else {"damaged-but-readable", "unreadable"}
                if label.get("pages_pdfium"):
                    outcome |= {label["expected"]} if opened.page_count == label["pages_pdfium"] else {"pages differ"}
        except PasswordRequired:
            outcome = {"needs-password"}
        except ExtractionError:
            outcome = {"unreadable"}
        if not outcome & {label["expected"], *label.get("also_accept_expected", [])}:
            wrong.append((label["path"], label["expected"], outcome))
    assert not wrong
