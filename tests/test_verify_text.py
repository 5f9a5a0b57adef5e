"""Text that was written, in pieces or beside them, is held against the original: what OCR read, too."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from cuttable import make_pdf
from PIL import Image, ImageDraw, ImageFont

from preflight import SplitOptions, UserLimits, split, verify
from preflight.fingerprints import text_print
from preflight.manifest import seal_of

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

    rewrite(out, lambda words: words.replace("dollars", "euros"))

    assert codes(out, source, workers) == {"ocr-reads-otherwise"}


def test_nothing_said_of_a_scan_is_read_again(tmp_path: Path, workers: Slots) -> None:
    """As if OCR had found nothing there."""
    source, out = typed(tmp_path / "scan.png"), tmp_path / "out"
    options = SplitOptions(with_text=True)
    split(source, out, limits=UserLimits(bytes=10**6), options=options, executor=workers)

    rewrite(out, lambda _words: "--- frame 1 ---\n\n")

    assert codes(out, source, workers) == {"ocr-reads-otherwise"}
