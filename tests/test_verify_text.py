"""Text that was written, in pieces or beside them, is held against the original: what OCR read, too."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING

import docx_samples as samples
import pytest
from cuttable import make_pdf
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen import canvas

from preflight import SplitOptions, UserLimits, split, verify
from preflight.fingerprints import text_print
from preflight.manifest import seal_of
from preflight.text_reread import alike

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from preflight.slots import Slots


def typed(path: Path) -> Path:
    """A small scan of one sentence."""
    page = Image.new("L", (1_000, 400), 255)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(36)
    for row in range(5):
        pen.text((60, 50 + 60 * row), f"Invoice {row + 41}: the sum due is 19 dollars and ten cents", fill=0, font=font)
    page.save(path, dpi=(200, 200))
    return path


def rewrite(out: Path, change: Callable[[str], str]) -> None:
    """Change the first text in a folder, and all that its manifest says of it."""
    data = json.loads((out / "manifest.json").read_bytes())
    piece = data["pieces"][0]
    told = piece.get("text", piece)
    words = change((out / told["name"]).read_text())
    (out / told["name"]).write_text(words)
    told["size_bytes"], told["sha256"] = len(words.encode()), hashlib.sha256(words.encode()).hexdigest()
    if told is piece:
        (unit,) = piece["units"]
        unit.update(size_bytes=told["size_bytes"], content=told["sha256"], text=text_print(words))
    data["seal"] = seal_of(data)
    (out / "manifest.json").write_text(json.dumps(data))


def codes(out: Path, source: Path, workers: Slots) -> set[str]:
    assert verify(out, executor=workers).ok
    return {one.code for one in verify(out, against=source, executor=workers).discrepancies}


FORGED: dict[str, tuple[Callable[[str], str], str]] = {
    "another word": (lambda words: words.replace("--- page 2 ---\n", "--- page 2 ---\nnot "), "original-text-differs"),
    "more at the end": (lambda words: words + "and more\n", "original-text-differs"),
    "a page less": (lambda words: words[: words.index("--- page 2")], "original-text-differs"),
    "as if read by OCR": (lambda words: words.replace("page 2 ---", "page 2 (OCR) ---\nnot "), "ocr-not-needed"),
}


@pytest.mark.parametrize("how", FORGED)
def test_text_beside_pieces_is_held_against_the_original(tmp_path: Path, workers: Slots, how: str) -> None:
    source, out = make_pdf(tmp_path / "report.pdf", [20] * 4), tmp_path / "out"
    split(source, out, limits=UserLimits(pages=2), options=SplitOptions(with_text=True), executor=workers)
    assert codes(out, source, workers) == set()

    rewrite(out, FORGED[how][0])

    assert FORGED[how][1] in codes(out, source, workers)


@pytest.mark.parametrize("options", [SplitOptions(with_text=True), SplitOptions(form="text")], ids=["beside", "pieces"])
def test_what_ocr_read_is_read_again(tmp_path: Path, workers: Slots, options: SplitOptions) -> None:
    source, out = typed(tmp_path / "scan.png"), tmp_path / "out"
    split(source, out, limits=UserLimits(bytes=10**6), options=options, executor=workers)
    assert codes(out, source, workers) == set()

    rewrite(out, lambda words: words.replace("dollars", "dollar", 1))
    assert codes(out, source, workers) == set()
    assert "ocr-reads-nearly" in {one.code for one in verify(out, against=source, executor=workers).notes}

    rewrite(out, lambda words: words.replace("is 19 dollars and ten cents", "was paid already, so forget it"))
    assert codes(out, source, workers) == {"ocr-reads-otherwise"}


def docx(path: Path) -> Path:
    """A picture of some lines, an empty paragraph, and words."""
    out = io.BytesIO()
    with Image.open(typed(path.with_suffix(".png"))) as page:
        page.save(out, "PNG")
    blocks = samples.p("Before it") + samples.p(samples.picture("rId9", 5_000_000, 2_000_000))
    blocks += samples.p() + samples.p("After it") + samples.p()
    links = {"rId9": ("image", "media/page.png", False)}
    path.write_bytes(samples.make(blocks, {"word/media/page.png": out.getvalue()}, links=links))
    return path


def test_text_between_pictures_may_be_as_short_as_it_likes(tmp_path: Path, workers: Slots) -> None:
    source, out = docx(tmp_path / "letter.docx"), tmp_path / "out"
    split(source, out, limits=UserLimits(bytes=10**7), options=SplitOptions(with_text=True), executor=workers)
    assert codes(out, source, workers) == set()

    rewrite(out, lambda words: words.replace("After it", "Afterwards"))
    found = verify(out, against=source, executor=workers).discrepancies
    assert [(one.code, one.units) for one in found] == [("original-text-differs", (4,))]


def test_what_ocr_read_in_a_picture_cannot_be_left_out(tmp_path: Path, workers: Slots) -> None:
    """As if the picture showed no text, and nobody had said that OCR read any."""
    source, out = docx(tmp_path / "letter.docx"), tmp_path / "out"
    split(source, out, limits=UserLimits(bytes=10**7), options=SplitOptions(form="text"), executor=workers)
    assert codes(out, source, workers) == set()
    data = json.loads((out / "manifest.json").read_bytes())
    (piece,) = data["pieces"]
    words = (out / piece["name"]).read_bytes()
    at = piece["units"][0]["size_bytes"]
    words = words[:at] + b"\n" + words[at + piece["units"][1]["size_bytes"] :]
    (out / piece["name"]).write_bytes(words)
    piece["size_bytes"], piece["sha256"] = len(words), hashlib.sha256(words).hexdigest()
    del piece["units"][1]["ocr"]
    piece["units"][1] |= {"size_bytes": 1, "content": hashlib.sha256(b"\n").hexdigest(), "text": text_print("\n")}
    data["seal"] = seal_of(data)
    (out / "manifest.json").write_text(json.dumps(data))

    assert codes(out, source, workers) == {"ocr-reads-otherwise"}


def test_pages_of_which_ocr_read_nothing_speak_against_no_other(tmp_path: Path, workers: Slots) -> None:
    """White text is there and not to be seen: with OCR for all pages, it is the text of its page."""
    source, out = tmp_path / "report.pdf", tmp_path / "out"
    page = canvas.Canvas(str(source), pagesize=(595, 842), invariant=1)
    for gray in (0, 1):
        page.setFillGray(gray)
        page.setFont("Helvetica", 14)
        for line in range(4):
            page.drawString(72, 770 - 30 * line, f"Line {line + 1} of this page, and it has ten words altogether")
        page.showPage()
    page.save()
    options = SplitOptions(with_text=True, ocr="always")
    split(source, out, limits=UserLimits(pages=2), options=options, executor=workers)
    words = next(out.glob("*.txt")).read_text()
    assert "page 1 (OCR" in words
    assert "page 2 ---" in words

    assert codes(out, source, workers) == set()


def test_a_text_too_long_to_be_compared_is_named(tmp_path: Path, workers: Slots) -> None:
    source, out = make_pdf(tmp_path / "report.pdf", [3]), tmp_path / "out"
    split(source, out, limits=UserLimits(pages=2), options=SplitOptions(with_text=True), executor=workers)
    data = json.loads((out / "manifest.json").read_bytes())
    data["pieces"][0]["text"]["size_bytes"] = 10**9
    (out / "manifest.json").write_text(json.dumps(data))

    notes = verify(out, against=source, executor=workers).notes

    assert "text-not-compared" in {one.code for one in notes}


def test_readings_of_one_picture_are_alike_in_each_script() -> None:
    line = "本文档说明如何在上传之前检查文件的大小和页数以便不会超过限制"
    page = "--- page 1 (OCR, confidence 0.91) ---\n"
    assert alike(page + line, page.replace("91", "87") + line.replace("如", "加"))
    assert not alike(page + line, page + line[::-1])
    assert alike(page + "12", page + "17")
    assert not alike(page, page + "Invoice")


def test_nothing_said_of_a_scan_is_read_again(tmp_path: Path, workers: Slots) -> None:
    """As if OCR had found nothing there."""
    source, out = typed(tmp_path / "scan.png"), tmp_path / "out"
    options = SplitOptions(with_text=True)
    split(source, out, limits=UserLimits(bytes=10**6), options=options, executor=workers)

    rewrite(out, lambda _words: "--- frame 1 ---\n\n")

    assert codes(out, source, workers) == {"ocr-reads-otherwise"}
