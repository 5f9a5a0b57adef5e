"""Images as documents: facts of frames, what is turned and how, what is damaged, what is refused."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from pages import lettered, on_disk, typeset
from PIL import Image, ImageChops, ImageOps, ImageStat

from extractors.base import Raster, ReadLimits, ReadOptions
from extractors.errors import DamagedDocument, ExtractionError, SafetyLimitExceeded
from extractors.facts import DocumentFacts, UnitFacts, UnitKind, UnitText
from extractors.image import ImageExtractor

TEXT = "Several words of text that\nanyone would call a text\nand not a photograph"


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def read(folder: Path, data: bytes, **limits: int) -> tuple[DocumentFacts, list[tuple[UnitFacts, UnitText]]]:
    seen: list[tuple[UnitFacts, UnitText]] = []
    options = ReadOptions(media_type="image/png", limits=ReadLimits(**limits))
    with on_disk(folder, data) as file:
        facts = ImageExtractor().read(file, options, lambda unit, text: seen.append((unit, text)))
    return facts, seen


def rasters(folder: Path, data: bytes, *numbers: int) -> list[Raster]:
    with on_disk(folder, data) as file:
        options = ReadOptions(media_type="image/png")
        return [raster for _, raster in ImageExtractor().render(file, options, numbers or (1,))]


def difference(one: Image.Image, other: Image.Image) -> float:
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


def photograph() -> Image.Image:
    """Soft shapes without any writing."""
    hills = Image.radial_gradient("L").resize((900, 600))
    return ImageChops.multiply(hills, Image.linear_gradient("L").resize((900, 600))).convert("RGB")


def test_facts_of_a_picture_of_text(tmp_path: Path) -> None:
    data = encoded(typeset(TEXT), dpi=(150, 150))
    facts, seen = read(tmp_path, data)
    unit = facts.units[0]
    assert (facts.unit_kind, facts.unit_count, facts.findings, facts.shared_bytes) == ("frame", 1, (), 0)
    assert (unit.number, unit.kind, unit.needs_ocr, unit.reasons) == (1, UnitKind.SCAN, True, ("text-in-image",))
    assert (unit.width_px, unit.height_px, unit.image_pixels) == (1200, 300, 360_000)
    assert unit.dpi == pytest.approx(150, abs=0.1)
    assert (unit.stored_bytes, unit.image_bytes, unit.image_count, unit.image_coverage) == (
        len(data),
        len(data),
        1,
        1.0,
    )
    assert (unit.native_chars, unit.width_pt, unit.rotation) == (0, None, None)
    assert unit.text_guess is not None
    assert unit.text_guess.low <= len(TEXT) <= unit.text_guess.high
    assert seen == [(unit, UnitText(number=1))]


def test_photograph_and_paper_need_no_ocr(tmp_path: Path) -> None:
    photo = read(tmp_path, encoded(photograph(), "JPEG"))[0].units[0]
    assert (photo.kind, photo.needs_ocr, photo.text_guess) == (UnitKind.IMAGE, False, None)
    blank = read(tmp_path, encoded(Image.new("RGB", (500, 700), "white")))[0].units[0]
    assert (blank.kind, blank.needs_ocr) == (UnitKind.BLANK, False)


MODES = {
    "PNG": ("L", "1", "P", "RGB", "RGBA", "LA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK", "YCbCr"),
    "WEBP": ("RGB", "RGBA"),
    "TIFF": ("L", "1", "P", "RGB", "RGBA", "LA", "I;16", "F", "CMYK", "YCbCr", "LAB"),
}


def in_mode(gray: Image.Image, mode: str) -> Image.Image:
    """The same picture in another mode."""
    if mode == "P":
        return gray.convert("RGB").quantize(16)
    if mode == "I;16":
        return gray.convert("I").point(lambda tone: tone * 256).convert("I;16")
    if mode == "F":
        return gray.convert("F").point(lambda tone: tone * 0.001 + 5)
    if mode == "LAB":
        middle = Image.new("L", gray.size, 128)
        return Image.merge("LAB", (gray, middle, middle))
    return gray.convert("RGB").convert(mode) if mode in ("YCbCr", "CMYK") else gray.convert(mode)


@pytest.mark.parametrize(("kind", "mode"), [(kind, mode) for kind, modes in MODES.items() for mode in modes])
def test_every_mode_is_shown_as_gray(tmp_path: Path, kind: str, mode: str) -> None:
    gray = lettered()
    data = encoded(in_mode(gray, mode), kind)
    raster = rasters(tmp_path, data)[0]
    assert (raster.image.mode, raster.image.size, raster.origin) == ("L", gray.size, "embedded")
    assert difference(raster.image, gray) < (20 if mode == "1" else 6)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparent_is_white(tmp_path: Path, kind: str) -> None:
    image = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (100, 50, 200, 150))
    gray = rasters(tmp_path, encoded(image, kind))[0].image
    assert gray.getpixel((5, 5)) == 255
    assert gray.getpixel((150, 100)) < 20


def test_transparent_palette_is_white(tmp_path: Path) -> None:
    image = Image.new("P", (300, 200), 0)
    image.putpalette([0, 0, 0, 200, 0, 0])
    image.paste(1, (100, 50, 200, 150))
    gray = rasters(tmp_path, encoded(image, "PNG", transparency=0))[0].image
    assert gray.getpixel((5, 5)) == 255
    assert gray.getpixel((150, 100)) < 100


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_as_exif_says(tmp_path: Path, kind: str, orientation: int) -> None:
    upright = lettered(240, 320)
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored, kind, exif=exif)
    unit = read(tmp_path, data)[0].units[0]
    assert (unit.width_px, unit.height_px) == (240, 320)
    assert ("turned-by-exif" in unit.reasons) == (orientation > 1)
    raster = rasters(tmp_path, data)[0]
    assert raster.image.size == (240, 320)
    assert difference(raster.image, upright) < 6


def test_resolution_is_unknown_where_the_file_does_not_say(tmp_path: Path) -> None:
    for data in (encoded(lettered()), encoded(lettered(), "JPEG"), encoded(lettered(), "TIFF", dpi=(1, 1))):
        assert read(tmp_path, data)[0].units[0].dpi is None
        assert rasters(tmp_path, data)[0].dpi == pytest.approx(320 / 11.7)


def test_fax_pixels_are_made_square(tmp_path: Path) -> None:
    data = encoded(lettered(408, 196), "TIFF", dpi=(204, 98))
    assert read(tmp_path, data)[0].units[0].dpi == 204
    raster = rasters(tmp_path, data)[0]
    assert raster.image.size == (408, 408)
    assert raster.dpi == pytest.approx(204)


def test_huge_images_are_reduced_on_the_way(tmp_path: Path) -> None:
    image = lettered(5000, 7000)
    for kind in ("JPEG", "PNG"):
        raster = rasters(tmp_path, encoded(image, kind, dpi=(600, 600)))[0]
        assert raster.image.size == (2500, 3500)
        assert raster.dpi == pytest.approx(300, rel=0.01)


def tiff(*frames: Image.Image, **options: Any) -> bytes:
    return encoded(frames[0], "TIFF", save_all=True, append_images=list(frames[1:]), **options)


def test_frames_of_a_tiff_are_units(tmp_path: Path) -> None:
    data = tiff(typeset(TEXT), Image.new("L", (200, 100), 255), photograph(), compression="tiff_lzw")
    facts, seen = read(tmp_path, data)
    assert [unit.kind for unit in facts.units] == [UnitKind.SCAN, UnitKind.BLANK, UnitKind.IMAGE]
    assert [unit.number for unit, _ in seen] == [1, 2, 3]
    assert [(unit.width_px, unit.height_px) for unit in facts.units] == [(1200, 300), (200, 100), (900, 600)]
    stored = [unit.stored_bytes for unit in facts.units]
    assert all(0 < size < len(data) for size in stored)
    assert facts.shared_bytes == len(data) - sum(stored)
    sizes = [raster.image.size for raster in rasters(tmp_path, data, 3, 1)]
    assert sizes == [(900, 600), (1200, 300)]


def test_one_bad_frame_does_not_end_the_tiff(tmp_path: Path) -> None:
    data = bytearray(tiff(*[typeset(f"{word} {TEXT}") for word in ("one", "two", "three")], compression="tiff_lzw"))
    with Image.open(io.BytesIO(bytes(data))) as image:
        image.seek(1)
        start, size = image.tag_v2[273][0], image.tag_v2[279][0]  # type: ignore[attr-defined]
    data[start : start + size] = b"\xff" * size
    facts, seen = read(tmp_path, bytes(data))
    assert [unit.kind for unit in facts.units] == [UnitKind.SCAN, UnitKind.UNREADABLE, UnitKind.SCAN]
    assert len(seen) == 3
    finding = facts.findings[0]
    assert (finding.code, finding.severity, finding.units) == ("frame-unreadable", "error", (2,))
    with pytest.raises(DamagedDocument) as caught:
        rasters(tmp_path, bytes(data), 2)
    assert caught.value.unit == 2


def test_broken_list_of_frames_keeps_those_before(tmp_path: Path) -> None:
    data = bytearray(tiff(typeset(TEXT), typeset(TEXT), typeset(TEXT)))
    with Image.open(io.BytesIO(bytes(data))) as image:
        image.seek(1)
        offset = image.tag_v2._offset  # type: ignore[attr-defined]
    data[offset:] = b"\xff" * (len(data) - offset)
    facts, _ = read(tmp_path, bytes(data))
    assert facts.unit_count >= 1
    assert facts.units[0].kind is UnitKind.SCAN
    assert facts.findings


def test_ring_of_frames_ends(tmp_path: Path) -> None:
    frame = encoded(lettered(), "TIFF")
    with Image.open(io.BytesIO(frame)) as image:
        start = image.tag_v2._offset  # type: ignore[attr-defined]
        entries = len(image.tag_v2)
    ring = bytearray(frame)
    at = start + 2 + 12 * entries
    ring[at : at + 4] = start.to_bytes(4, "little" if frame[:2] == b"II" else "big")
    facts, _ = read(tmp_path, bytes(ring))
    assert facts.unit_count == 1


def test_too_many_frames_are_refused(tmp_path: Path) -> None:
    data = tiff(*[Image.new("L", (8, 8), 255)] * 6)
    assert read(tmp_path, data, max_units=6)[0].unit_count == 6
    with pytest.raises(SafetyLimitExceeded, match="more than 5 frames"):
        read(tmp_path, data, max_units=5)


def test_too_many_pixels_are_refused(tmp_path: Path) -> None:
    for kind in ("PNG", "JPEG", "TIFF", "WEBP"):
        data = encoded(Image.new("L", (400, 300), 255), kind)
        assert read(tmp_path, data, max_image_pixels=120_000)[0].unit_count == 1
        with pytest.raises(SafetyLimitExceeded, match="million pixels"):
            read(tmp_path, data, max_image_pixels=119_999)


def test_large_frame_beside_small_ones_is_one_unreadable_unit(tmp_path: Path) -> None:
    data = tiff(lettered(), Image.new("L", (900, 900), 255), lettered())
    facts, _ = read(tmp_path, data, max_image_pixels=500_000)
    assert [unit.kind is UnitKind.UNREADABLE for unit in facts.units] == [False, True, False]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_truncated_files_say_so(tmp_path: Path, kind: str) -> None:
    data = encoded(photograph(), kind)
    for share in (0.02, 0.5, 0.9):
        with pytest.raises(DamagedDocument, match=r"again\.$"):
            read(tmp_path, data[: int(len(data) * share)])


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(50), b"BM" + bytes(80)])
def test_what_is_no_image_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DamagedDocument) as caught:
        read(tmp_path, data)
    assert "BufferedReader" not in str(caught.value)


def test_animations_are_read_as_one_picture(tmp_path: Path) -> None:
    for kind in ("WEBP", "PNG"):
        frames = [lettered(), ImageOps.invert(lettered()), photograph().convert("L").resize((240, 320))]
        facts, _ = read(tmp_path, encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100))
        assert facts.unit_count == 1
        assert [finding.code for finding in facts.findings] == ["animation"]


def test_more_pictures_inside_a_jpeg_are_told(tmp_path: Path) -> None:
    facts, _ = read(tmp_path, encoded(lettered(), "MPO", save_all=True, append_images=[lettered()]))
    assert facts.unit_count == 1
    assert [finding.code for finding in facts.findings] == ["more-pictures-inside"]


def test_sink_errors_are_not_taken_for_damage(tmp_path: Path) -> None:
    def full(unit: UnitFacts, text: UnitText) -> None:
        raise OSError("disk full")

    with on_disk(tmp_path, encoded(lettered())) as file, pytest.raises(OSError, match="disk full"):
        ImageExtractor().read(file, ReadOptions(media_type="image/png"), full)


def test_pillow_is_left_as_it_was(tmp_path: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(ExtractionError):
        read(tmp_path, encoded(lettered()), max_image_pixels=10)
    assert before == Image.MAX_IMAGE_PIXELS


def test_kinds_of_the_corpus(corpus: Path, labels: list[dict[str, Any]]) -> None:
    """The labels call pictures by what they show; those of text need OCR, photographs and graphics do not."""
    wrong = []
    for label in labels:
        path = corpus / label["path"]
        if not label["path"].startswith("images/") or path.suffix not in (".png", ".jpg", ".jpeg", ".tif", ".webp"):
            continue
        with path.open("rb") as file:
            facts = ImageExtractor().read(file, ReadOptions(media_type="image/x"), lambda _unit, _text: None)
        textual = any(word in label["kind"] for word in ("text", "page", "form")) and "no-text" not in label["kind"]
        textual |= "phototest-rotated-R" in path.name  # labelled “image”, with a ground truth
        assert facts.unit_count == label["image"]["frames"]
        for unit in facts.units:
            assert [unit.width_px, unit.height_px] == label["image"]["size"]
            if unit.needs_ocr != textual:
                wrong.append((path.name, unit.kind, unit.reasons))
    assert not wrong
