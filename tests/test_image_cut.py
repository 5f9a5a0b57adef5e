"""Cutting images: frames copied as they are encoded, made smaller only where asked, put together again."""

from __future__ import annotations

import hashlib
import io
import itertools
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import lettered
from PIL import Image, ImageChops, ImageStat, TiffImagePlugin

from extractors.base import (
    Change,
    CutOptions,
    Cuttable,
    Fingerprinting,
    Joinable,
    ReadLimits,
    ReadOptions,
    ShrinkStep,
)
from extractors.errors import DamagedDocument, SafetyLimitExceeded
from extractors.facts import UnitFacts, UnitText
from extractors.image import ImageExtractor
from extractors.image_cut import image_cutter
from extractors.media import identify
from extractors.tiff.directory import Order, TiffReader
from extractors.tiff.writer import Source, TiffWriter

TIFF = "image/tiff"
STEP = ShrinkStep(dpi=150, jpeg_quality=60)


def encoded(image: Image.Image, kind: str = "TIFF", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def cut(
    data: bytes, first: int = 1, last: int = 1, *, shrink: ShrinkStep | None = None, media_type: str = TIFF
) -> tuple[bytes, tuple[Change, ...]]:
    options = CutOptions(media_type=media_type, source_name="x")
    with ImageExtractor().cutter(io.BytesIO(data), options) as cutter:
        out = io.BytesIO()
        changes = cutter.cut(first, last, out, shrink=shrink)
    return out.getvalue(), changes


def prints(data: bytes, media_type: str = TIFF) -> list[str]:
    found = list(ImageExtractor().fingerprints(io.BytesIO(data), ReadOptions(media_type=media_type)))
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    return [value for _, value in found]


def join(pieces: list[bytes]) -> bytes:
    out = io.BytesIO()
    ImageExtractor().join([io.BytesIO(piece) for piece in pieces], out)
    return out.getvalue()


def frames(data: bytes) -> list[Image.Image]:
    found = []
    with Image.open(io.BytesIO(data)) as image:
        for number in itertools.count():
            try:
                image.seek(number)
            except EOFError:
                return found
            image.load()
            found.append(image.copy())
    return found


def tags(data: bytes, number: int) -> dict[int, Any]:
    with Image.open(io.BytesIO(data)) as image:
        image.seek(number - 1)
        return dict(image.tag_v2)  # type: ignore[attr-defined]


def handmade(*fields: tuple[int, int, int, bytes], pixels: bytes, order: str = "<") -> bytes:
    """A TIFF of one image whose pixels stand at byte 8; fields are tag, kind, count and value (at most 4 bytes)."""
    at = 8 + len(pixels) + len(pixels) % 2
    table = b"".join(struct.pack(order + "HHI", *field[:3]) + field[3].ljust(4, b"\0") for field in sorted(fields))
    mark = b"II" if order == "<" else b"MM"
    return (
        mark + struct.pack(order + "HI", 42, at) + pixels.ljust(at - 8, b"\0")
        + struct.pack(order + "H", len(fields)) + table + bytes(4)
    )  # fmt: skip


def gray_fields(width: int, height: int, *, counts: bool = True) -> list[tuple[int, int, int, bytes]]:
    fields = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height}
    if counts:
        fields[279] = width * height
    return [(tag, 4, 1, struct.pack("<I", value)) for tag, value in fields.items()]


def picture(seed: int, mode: str = "RGB", size: tuple[int, int] = (90, 70)) -> Image.Image:
    noise = hashlib.shake_128(b"%d" % seed).digest(size[0] * size[1] * 3)
    image = Image.frombytes("RGB", size, noise)
    return image.quantize(16) if mode == "P" else image.convert(mode)


MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK")
COMPRESSIONS = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")


def document(kinds: list[tuple[str, str]], *, big: bool = False) -> bytes:
    """A TIFF with one frame a kind, each with fields of its own."""
    pieces = []
    for number, (mode, compression) in enumerate(kinds, 1):
        info = {270: f"frame {number}", 285: f"page {number}", 297: (number - 1, len(kinds)), 65001: b"\1\2\3" * number}
        pieces.append(encoded(picture(number, mode), compression=compression, tiffinfo=info, dpi=(100 + number, 200)))
    return gathered(pieces, "<", big=big)


def gathered(pieces: list[bytes], order: Order, *, big: bool) -> bytes:
    out = io.BytesIO()
    writer = TiffWriter(out, order, big=big)
    for piece in pieces:
        reader = TiffReader(io.BytesIO(piece))
        writer.add([Source(reader, next(reader.chain()))])
    return out.getvalue()


partitions = st.integers(1, 7).flatmap(
    lambda count: st.tuples(
        st.lists(st.tuples(st.sampled_from(MODES), st.sampled_from(COMPRESSIONS)), min_size=count, max_size=count),
        st.sets(st.integers(1, count - 1)) if count > 1 else st.just(set()),
        st.booleans(),
    )
)


@given(partitions)
@settings(max_examples=40, deadline=None)
def test_any_partition_holds_each_frame_once(case: tuple[list[tuple[str, str]], set[int], bool]) -> None:
    kinds, after, big = case
    data = document(kinds, big=big)
    source = prints(data)
    assert len(source) == len(kinds)
    edges = [0, *sorted(after), len(kinds)]
    pieces = []
    for start, end in itertools.pairwise(edges):
        piece, changes = cut(data, start + 1, end)
        assert changes == ()
        assert cut(data, start + 1, end)[0] == piece, "same call, same bytes"
        assert prints(piece) == source[start:end]
        for at, number in enumerate(range(start + 1, end + 1), 1):
            kept = tags(piece, at)
            original = tags(data, number)
            assert {tag: value for tag, value in kept.items() if tag not in {273, 279}} == {
                tag: value for tag, value in original.items() if tag not in {273, 279}
            }
            assert kept[279] == original[279], "strips as they were"
        assert TiffReader(io.BytesIO(piece)).big is big
        pieces.append(piece)
    assert prints(join(pieces)) == source
    assert sum(map(len, pieces)) <= len(data) + 100 * len(kinds)


def test_the_seams_are_there() -> None:
    extractor = ImageExtractor()
    assert isinstance(extractor, Cuttable)
    assert isinstance(extractor, Fingerprinting)
    assert isinstance(extractor, Joinable)


def test_images_of_the_corpus(corpus: Path) -> None:
    seen = 0
    for path in sorted((corpus / "images").iterdir()):
        if path.suffix in {".jp2", ".bmp"}:
            continue
        data = path.read_bytes()
        media_type = identify(io.BytesIO(data), path.name).media_type
        source = prints(data, media_type)
        pieces = [cut(data, number, number, media_type=media_type)[0] for number in range(1, len(source) + 1)]
        if media_type != TIFF:
            assert pieces == [data], path.name
        for number, piece in enumerate(pieces, 1):
            assert prints(piece, media_type) == [source[number - 1]], path.name
        assert prints(join(pieces), media_type) == source, path.name
        seen += 1
    assert seen >= 15


def test_pixels_are_those_of_the_source() -> None:
    data = document([(mode, "tiff_lzw") for mode in MODES])
    for number, frame in enumerate(frames(data), 1):
        (same,) = frames(cut(data, number, number)[0])
        assert (same.mode, same.size, same.tobytes()) == (frame.mode, frame.size, frame.tobytes())


def test_frame_numbers_are_those_of_read() -> None:
    data = document([("L", "raw")] * 5)
    seen: list[UnitFacts] = []

    def sink(unit: UnitFacts, _: UnitText) -> None:
        seen.append(unit)

    facts = ImageExtractor().read(io.BytesIO(data), ReadOptions(media_type=TIFF), sink)
    with image_cutter(io.BytesIO(data), CutOptions(media_type=TIFF, source_name="x")) as cutter:
        assert cutter.frame_count == facts.unit_count == len(seen) == 5
        for first, last in ((0, 1), (1, 6), (3, 2)):
            with pytest.raises(DamagedDocument, match="frames 1 to 5"):
                cutter.cut(first, last, io.BytesIO())


def test_byte_order_is_changed_where_samples_allow_it() -> None:
    pieces = [encoded(picture(1), compression="tiff_lzw", dpi=(123, 77)), encoded(picture(2, "L"))]
    turned = gathered(pieces, ">", big=False)
    assert turned[:4] == b"MM\0*"
    assert prints(turned) == prints(join(pieces))
    assert tags(turned, 1)[282] == 123
    mixed = join([turned, *pieces])
    assert mixed[:4] == b"MM\0*"
    assert prints(mixed) == prints(turned) * 2
    big = gathered(pieces, ">", big=True)  # which Pillow does not open
    assert big[:4] == b"MM\0\x2b"
    assert prints(gathered([big], "<", big=False)) == prints(turned)[:1]
    wide = encoded(picture(1, "L").convert("I").convert("I;16"))
    assert prints(cut(wide)[0]) == prints(wide)
    with pytest.raises(DamagedDocument, match="byte order"):
        join([turned, wide])


def test_tiles_thumbnails_and_exif_come_along() -> None:
    tile = bytes(range(256))
    fields_of_camera = TiffImagePlugin.ImageFileDirectory_v2()
    fields_of_camera[0x8769] = {0x9003: "2024:05:06 07:08:09"}
    with_exif = encoded(picture(1), tiffinfo=fields_of_camera)
    piece, changes = cut(join([with_exif, with_exif]), 2, 2)
    assert changes == ()
    with Image.open(io.BytesIO(piece)) as image:
        assert image.getexif().get_ifd(0x8769)[0x9003] == "2024:05:06 07:08:09"
    fields = [
        (tag, 4, 1, struct.pack("<I", value))
        for tag, value in {
            256: 16, 257: 16, 258: 8, 259: 1, 262: 1, 277: 1, 322: 16, 323: 16, 324: 8, 325: 256, 330: 8 + 256
        }.items()
    ]  # fmt: skip
    thumbnail = handmade(*gray_fields(2, 2), pixels=b"abcd")[8:]
    inner = b"".join(
        struct.pack("<HHII", tag, kind, count, 264 + len(thumbnail) if tag == 273 else struct.unpack("<I", value)[0])
        for tag, kind, count, value in sorted(gray_fields(2, 2))
    )
    directory = struct.pack("<H", 9) + inner + bytes(4)
    fields[-1] = (330, 4, 1, struct.pack("<I", 264 + len(thumbnail) + 4))
    data = handmade(*fields, pixels=tile + thumbnail + b"abcd" + directory)
    piece, changes = cut(data)
    assert changes == ()
    assert frames(piece)[0].tobytes() == tile
    reader = TiffReader(io.BytesIO(piece))
    pointer = next(reader.chain()).entries[330]
    small = reader.directory(reader.numbers(pointer)[0])
    assert reader.bytes_at(reader.numbers(small.entries[273])[0], 4) == b"abcd"


def test_a_frame_without_lengths_is_encoded_anew_without_loss() -> None:
    pixels = bytes(range(200))
    data = handmade(*gray_fields(20, 10, counts=False), pixels=pixels)
    piece, changes = cut(data)
    assert [(change.code, change.units) for change in changes] == [("re-encoded", (1,))]
    assert frames(piece)[0].tobytes() == pixels
    assert prints(piece) == prints(data)


def test_fields_nobody_can_read_are_reported() -> None:
    fields = [*gray_fields(20, 10), (700, 99, 5, b"abcd"), (34665, 4, 1, struct.pack("<I", 999_999))]
    piece, changes = cut(handmade(*fields, pixels=bytes(200)))
    (change,) = changes
    assert (change.code, change.before) == ("tags-dropped", {"tags": "700, 34665"})
    assert frames(piece)[0].size == (20, 10)


def test_frames_that_share_their_pixels_share_them_in_pieces() -> None:
    single = encoded(picture(1), compression="raw")
    reader = TiffReader(io.BytesIO(single))
    out = io.BytesIO()
    writer = TiffWriter(out, "<", big=False)
    directory = next(reader.chain())
    for _ in range(5):
        writer.add([Source(reader, directory)])
    shared = out.getvalue()
    assert len(shared) < 1.2 * len(single)
    piece, _ = cut(shared, 2, 5)
    assert len(piece) < 1.2 * len(single)
    assert prints(piece) == prints(single) * 4


def overlapping(count: int) -> bytes:
    """Frames whose pixels begin one byte after another: small, and large once each is copied."""
    width, height = 100, 100
    out = io.BytesIO(b"II" + struct.pack("<HI", 42, 0) + bytes(width * height + count))
    out.seek(0, 2)
    link = 4
    for number in range(count):
        out.seek(0, 2)
        at = out.tell()
        fields = [
            (tag, kind, size, struct.pack("<I", 8 + number) if tag == 273 else value)
            for tag, kind, size, value in gray_fields(width, height)
        ]
        out.write(struct.pack("<H", len(fields)))
        out.write(b"".join(struct.pack("<HHI", *field[:3]) + field[3] for field in sorted(fields)))
        following = out.tell()
        out.write(bytes(4))
        out.seek(link)
        out.write(struct.pack("<I", at))
        link = following
    return out.getvalue()


def test_hostile_tiffs_are_refused() -> None:
    data = overlapping(20)
    assert len(prints(data)) == 20
    with pytest.raises(SafetyLimitExceeded, match="overlap"):
        cut(data, 1, 20)
    beyond = handmade(*gray_fields(20, 10), pixels=bytes(200)).replace(
        struct.pack("<HHII", 273, 4, 1, 8), struct.pack("<HHII", 273, 4, 1, 1 << 30)
    )
    with pytest.raises(DamagedDocument, match="beyond its end") as caught:
        cut(beyond)
    assert caught.value.unit == 1
    many = handmade(*gray_fields(20, 10), pixels=bytes(200)).replace(
        struct.pack("<HHII", 273, 4, 1, 8), struct.pack("<HHII", 273, 4, 1 << 30, 8)
    )
    with pytest.raises(DamagedDocument):
        cut(many)
    with pytest.raises(DamagedDocument, match="TIFF"):
        join([b"II*\0\x08\0\0\0\1\0", encoded(picture(1))])
    with pytest.raises(DamagedDocument, match="TIFF"):
        join([encoded(picture(1), "PNG")] * 2)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_tiffs_end_in_errors_of_ours(seed: int) -> None:
    data = bytearray(document([("L", "tiff_lzw"), ("RGB", "raw"), ("1", "packbits")]))
    noise = hashlib.shake_128(b"damage %d" % seed).digest(64)
    reader = TiffReader(io.BytesIO(bytes(data)))
    place = reader.first + noise[0] * 2
    data[place : place + 8] = noise[8:16]
    if seed % 3 == 0:
        del data[len(data) - noise[1] * 20 :]
    try:
        source = prints(bytes(data))
        piece, _ = cut(bytes(data), 1, len(source))
    except (DamagedDocument, SafetyLimitExceeded):
        return
    assert len(prints(piece)) == len(source)


def test_a_frame_that_cannot_be_decoded_is_carried_and_recognized() -> None:
    good = encoded(picture(1), compression="tiff_lzw")
    bad = bytearray(encoded(picture(2), compression="tiff_adobe_deflate"))
    at = TiffReader(io.BytesIO(bytes(bad))).numbers(
        next(TiffReader(io.BytesIO(bytes(bad))).chain()).entries[273]
    )[0]  # fmt: skip
    bad[at : at + 40] = b"\xff" * 40
    data = join([good, bytes(bad), good])
    source = prints(data)
    assert source[0] == source[2] != source[1]
    piece, _ = cut(data, 2, 3)
    assert prints(piece) == source[1:]


def test_an_animation_is_one_unit_and_copied() -> None:
    moving = [picture(number) for number in range(3)]
    for kind, media_type in (("WEBP", "image/webp"), ("PNG", "image/png")):
        data = encoded(moving[0], kind, save_all=True, append_images=moving[1:])
        assert len(prints(data, media_type)) == 1
        assert cut(data, media_type=media_type) == (data, ())
        with pytest.raises(DamagedDocument, match="frames 1 to 1"):
            cut(data, 2, 2, media_type=media_type)


def test_fingerprints_tell_pixels_and_not_containers() -> None:
    image = picture(1)
    same = {
        *prints(encoded(image, compression="tiff_lzw")),
        *prints(encoded(image, compression="raw", big_tiff=True)),
        *prints(encoded(image, "PNG"), "image/png"),
        *prints(encoded(image, "WEBP", lossless=True), "image/webp"),
    }
    assert len(same) == 1
    palette = picture(1, "P")
    assert prints(encoded(palette)) == prints(encoded(palette.convert("RGB")))
    changed = image.copy()
    changed.putpixel((3, 3), (1, 2, 3))
    cropped = image.crop((0, 0, 90, 69))
    turned = image.transpose(Image.Transpose.ROTATE_180)
    exif = Image.Exif()
    exif[0x0112] = 3
    others = {
        *prints(encoded(changed)),
        *prints(encoded(cropped)),
        *prints(encoded(turned)),
        *prints(encoded(image.convert("L"))),
        *prints(encoded(image, icc_profile=b"profile")),
        *prints(encoded(image, "PNG", exif=exif), "image/png"),
    }
    assert len(others | same) == 7


SHRINKABLE = {
    "image/png": ("PNG", {}),
    "image/jpeg": ("JPEG", {"quality": 95}),
    "image/webp": ("WEBP", {"lossless": True}),
    "image/tiff": ("TIFF", {"compression": "raw"}),
}


def page(mode: str = "RGB") -> Image.Image:
    """Writing on paper of a slight colour and grain, as a scanner sees it."""
    grain = picture(5, "L", (1200, 900)).point(lambda tone: tone // 16)
    paper = ImageChops.subtract(lettered(1200, 900), grain)
    return Image.merge("RGB", (paper, paper, ImageChops.subtract(paper, Image.new("L", paper.size, 12)))).convert(mode)


@pytest.mark.parametrize("media_type", SHRINKABLE)
@pytest.mark.parametrize("mode", ["keep", "gray", "bilevel"])
def test_frames_become_smaller_and_say_so(media_type: str, mode: Any) -> None:
    kind, options = SHRINKABLE[media_type]
    if media_type != "image/webp":
        options = options | {"dpi": (300, 300)}
    data = encoded(page(), kind, **options)
    step = ShrinkStep(dpi=150, jpeg_quality=60, mode=mode)
    piece, (change,) = cut(data, shrink=step, media_type=media_type)
    assert cut(data, shrink=step, media_type=media_type)[0] == piece
    assert identify(io.BytesIO(piece), "x").media_type == media_type
    (image,) = frames(piece)
    black = mode == "bilevel" and kind in {"PNG", "TIFF"}
    expected = {"PNG": "P", "TIFF": "1"}[kind] if black else "RGB" if mode == "keep" or kind == "WEBP" else "L"
    size = (1200, 900) if kind == "WEBP" else (600, 450)  # of unknown resolution: 103 dpi on a page as long as A4
    assert (image.mode, image.size) == (expected, size)
    if kind != "WEBP":
        with Image.open(io.BytesIO(piece)) as opened:
            assert opened.info["dpi"] == pytest.approx((150, 150), abs=0.5)
    assert len(piece) < len(data) / 2
    assert (change.code, change.units) == ("shrunk", (1,))
    assert change.before["pixels"] == 1200 * 900
    assert change.after["pixels"] == size[0] * size[1]
    assert abs(int(change.after["bytes"]) - len(piece)) < 400
    gray = image.convert("L").resize((300, 225), Image.Resampling.BOX)
    original = page("L").resize((300, 225), Image.Resampling.BOX)
    assert ImageStat.Stat(ImageChops.difference(gray, original)).mean[0] < (25 if black else 6)


def test_what_would_not_become_smaller_is_left_alone() -> None:
    for media_type, kind in (("image/png", "PNG"), (TIFF, "TIFF")):
        options = {"compression": "group4"} if kind == "TIFF" else {"optimize": True}
        data = encoded(lettered(1200, 900).convert("1"), kind, dpi=(100, 100), **options)
        piece, changes = cut(data, shrink=STEP, media_type=media_type)
        assert changes == ()
        assert prints(piece, media_type) == prints(data, media_type)


def test_one_frame_of_many_is_shrunk_and_the_rest_copied() -> None:
    fields = {270: "a letter", 285: "page x"}
    small = encoded(lettered(400, 300).convert("1"), compression="group4", dpi=(72, 72))
    large = encoded(page(), compression="raw", dpi=(600, 600), tiffinfo=fields, icc_profile=b"profile" * 20)
    data = join([small, large, small])
    piece, changes = cut(data, 1, 3, shrink=STEP)
    assert [change.units for change in changes] == [(2,)]
    source, now = prints(data), prints(piece)
    assert (now[0], now[2]) == (source[0], source[2])
    kept = tags(piece, 2)
    assert (kept[270], kept[285], kept[34675]) == ("a letter", "page x", b"profile" * 20)
    assert (kept[282], kept[283], kept[256], kept[259]) == (150, 150, 300, 7)
    gray, (change,) = cut(data, 2, 2, shrink=ShrinkStep(dpi=150, jpeg_quality=60, mode="gray"))
    assert 34675 not in tags(gray, 1)
    assert "icc" in change.message
    assert prints(join([cut(data, 1, 1)[0], gray]))[0] == source[0]


def test_fax_pixels_keep_their_shape() -> None:
    data = encoded(lettered(1728, 1100), compression="raw", dpi=(204, 98))
    piece, _ = cut(data, shrink=ShrinkStep(dpi=50, jpeg_quality=80))
    kept = tags(piece, 1)
    assert kept[283] == pytest.approx(50, abs=0.2)
    assert kept[282] == pytest.approx(104.1, abs=0.3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientation_is_applied_once(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(page(), kind, exif=exif, **({"dpi": (300, 100)} if kind != "WEBP" else {}))
    media_type = f"image/{kind.lower()}"
    piece, changes = cut(data, shrink=ShrinkStep(dpi=50, jpeg_quality=50), media_type=media_type)
    assert changes
    step = ReadOptions(media_type=media_type)
    before = dict(ImageExtractor().render(io.BytesIO(data), step, (1,)))[1]
    after = dict(ImageExtractor().render(io.BytesIO(piece), step, (1,)))[1]
    ratio = before.image.width / before.image.height
    assert after.image.width / after.image.height == pytest.approx(ratio, rel=0.01)
    small = before.image.resize(after.image.size, Image.Resampling.BOX)
    assert ImageStat.Stat(ImageChops.difference(small, after.image)).mean[0] < 8


def test_exif_measures_follow_the_pixels() -> None:
    exif = Image.Exif()
    exif[0x011A] = exif[0x011B] = 300.0
    exif[0x0128] = 2
    exif[0x010F] = "Maker"
    exif[0x8769] = {0xA002: 1200, 0xA003: 900}
    piece, _ = cut(encoded(page(), "JPEG", quality=95, exif=exif), shrink=STEP, media_type="image/jpeg")
    with Image.open(io.BytesIO(piece)) as image:
        found = image.getexif()
        assert (found[0x010F], found[0x011A]) == ("Maker", 150)
        details = found.get_ifd(0x8769)
        assert (details[0xA002], details[0xA003]) == image.size == (600, 450)


def test_a_photograph_in_png_may_become_a_jpeg_when_asked() -> None:
    data = encoded(page(), "PNG", dpi=(150, 150))
    step = ShrinkStep(dpi=150, jpeg_quality=60, png_as_jpeg=True)
    piece, changes = cut(data, shrink=step, media_type="image/png")
    assert piece[:3] == b"\xff\xd8\xff"
    assert [change.code for change in changes] == ["shrunk", "media-type-changed"]
    assert changes[0].after["jpeg_quality"] == 60
    assert changes[1].after == {"media_type": "image/jpeg"}


def test_only_what_has_a_quality_is_said_to_have_one() -> None:
    said = {}
    for kind, mode in (("PNG", "RGB"), ("TIFF", "RGB"), ("TIFF", "1"), ("JPEG", "RGB")):
        data = encoded(page(mode), kind, **({"compression": "raw"} if kind == "TIFF" else {}), dpi=(400, 400))
        _, (change,) = cut(data, shrink=STEP, media_type=f"image/{kind.lower()}")
        said[kind, mode] = ("quality" in change.message, change.after["jpeg_quality"] > 0)
    assert said == {
        ("PNG", "RGB"): (False, False),
        ("TIFF", "RGB"): (True, True),
        ("TIFF", "1"): (False, False),
        ("JPEG", "RGB"): (True, True),
    }


def test_limits_hold() -> None:
    data = document([("L", "raw")] * 4)
    tight = ReadLimits(max_units=3)
    with (
        pytest.raises(SafetyLimitExceeded, match="3 frames"),
        image_cutter(io.BytesIO(data), CutOptions(media_type=TIFF, source_name="x", limits=tight)),
    ):
        pass
    few = CutOptions(media_type=TIFF, source_name="x", limits=ReadLimits(max_image_pixels=1000))
    with pytest.raises(SafetyLimitExceeded, match="pixels"), image_cutter(io.BytesIO(data), few):
        pass
