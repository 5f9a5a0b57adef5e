"""What a quick look at pixels sees: nothing, a picture, or about how much text."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_pages import drawn, photo, photographed, prose
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

from extractors.blobs import blobs_in
from extractors.ink import ink_of, paper_of, smeared
from extractors.pixels import LONGEST_PX, look, prepared

if TYPE_CHECKING:
    from collections.abc import Callable

LINES = 30
CHARS = 1_780  # in 30 lines of prose(), white space not counted


@pytest.fixture(scope="module")
def page() -> Image.Image:
    """A page of running text at 150 dpi."""
    return photographed(drawn(lambda sheet: prose(sheet, lines=LINES)))


def noisy(image: Image.Image, strength: float) -> Image.Image:
    return ImageChops.add(image, Image.effect_noise(image.size, strength), offset=-128)


CONDITIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as it is": lambda page: page,
    "turned right": lambda page: page.transpose(Image.Transpose.ROTATE_270),
    "turned left": lambda page: page.transpose(Image.Transpose.ROTATE_90),
    "upside down": lambda page: page.transpose(Image.Transpose.ROTATE_180),
    "light on dark": ImageOps.invert,
    "gray paper": lambda page: page.point(lambda level: 60 + level * 0.45),
    "pale print": lambda page: page.point(lambda level: 190 + level * 0.25),
    "noise": lambda page: noisy(page, 25),
    "askew": lambda page: page.rotate(3, fillcolor=255, resample=Image.Resampling.BICUBIC),
    "black and white": lambda page: page.point(lambda level: 255 if level > 150 else 0).convert("1"),
    "out of focus": lambda page: page.filter(ImageFilter.GaussianBlur(1)),
    "fine scan": lambda page: page.resize((page.width * 2, page.height * 2)),
    "coarse scan": lambda page: page.resize((page.width * 2 // 3, page.height * 2 // 3), Image.Resampling.BOX),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_text_is_seen_in_any_condition(page: Image.Image, condition: str) -> None:
    seen = look(CONDITIONS[condition](page))

    assert seen.shows_text
    assert not seen.blank
    assert seen.text_share > 0.9
    assert seen.guess.low < CHARS < seen.guess.high
    assert seen.turned == condition.startswith("turned")


def test_lighting_from_one_side_hides_no_text(page: Image.Image) -> None:
    light = Image.linear_gradient("L").resize(page.size).point(lambda level: 110 + level * 0.55)

    assert look(ImageChops.multiply(page, light)).shows_text


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("change", ["as it is", "light on dark", "dithered"])
def test_photographs_show_no_text(seed: int, change: str) -> None:
    picture = photo(seed=seed)
    if change == "light on dark":
        picture = ImageOps.invert(picture)
    if change == "dithered":
        picture = picture.convert("1")

    seen = look(picture)

    assert not seen.shows_text
    assert not seen.blank


def test_drawing_with_a_few_words_is_a_picture() -> None:
    image = Image.new("L", (1000, 700), 255)
    pen = ImageDraw.Draw(image)
    for number in range(12):
        pen.arc((100 + 30 * number, 80, 500 + 30 * number, 620), 20 * number, 20 * number + 200, fill=0, width=3)
    pen.text((400, 650), "Rings of a shell", fill=0, font_size=24)

    seen = look(image)

    assert not seen.shows_text
    assert 5 < seen.guess.likely < 60


def test_ruled_table_with_words_shows_text() -> None:
    image = Image.new("L", (1000, 700), 255)
    pen = ImageDraw.Draw(image)
    for row in range(12):
        pen.line((50, 50 + row * 50, 950, 50 + row * 50), fill=0, width=2)
        pen.text((70, 62 + row * 50), f"Item number {row}", fill=0, font_size=22)
    for column in range(5):
        pen.line((50 + column * 225, 50, 50 + column * 225, 600), fill=0, width=2)

    assert look(image).shows_text


def blank_pages() -> dict[str, Image.Image]:
    """Scans of empty sheets."""
    paper = Image.new("L", (1240, 1754), 244)
    dusty = noisy(paper, 5)
    pen = ImageDraw.Draw(dusty)
    for number in range(120):
        x, y = number * 733 % 1240, number * 397 % 1754
        pen.rectangle((x, y, x + number % 3, y + number % 2), fill=70)
    edged = noisy(paper, 5)
    ImageDraw.Draw(edged).rectangle((0, 0, 14, 1754), fill=30)
    ImageDraw.Draw(edged).rectangle((0, 1740, 1240, 1754), fill=60)
    shaded = ImageChops.multiply(paper, Image.linear_gradient("L").resize(paper.size).point(lambda v: 228 + v * 0.1))
    return {
        "white": Image.new("RGB", (850, 1100), "white"),
        "black": Image.new("L", (850, 1100), 0),
        "grainy": noisy(paper, 8),
        "dusty": dusty,
        "dark edges": edged,
        "unevenly lit": shaded,
    }


@pytest.mark.parametrize("sheet", blank_pages())
def test_empty_sheet_is_blank(sheet: str) -> None:
    seen = look(blank_pages()[sheet])

    assert seen.blank
    assert not seen.shows_text
    assert seen.guess.high == 0


@pytest.mark.parametrize("level", [232, 128, 0])
def test_one_faint_shape_is_not_blank(level: int) -> None:
    image = Image.new("L", (600, 800), 255)
    ImageDraw.Draw(image).ellipse((200, 200, 400, 400), fill=level)

    assert not look(image).blank


def test_known_parts_are_left_out(page: Image.Image) -> None:
    everything = look(page, [(0.0, 0.0, 1.0, 1.0)])
    half = look(page, [(0.0, 0.0, 1.0, 0.35)])

    assert everything.blank
    assert 0.2 < half.guess.likely / look(page).guess.likely < 0.8


def test_transparency_is_white_paper() -> None:
    image = Image.new("RGBA", (400, 300), (0, 0, 0, 0))

    assert look(image).blank


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_any_mode_is_prepared(mode: str) -> None:
    image = Image.new("L", (LONGEST_PX * 2 + 1, 50), 255).convert("RGBA" if mode == "LA" else "L").convert(mode)

    gray = prepared(image)

    assert gray.mode == "L"
    assert max(gray.size) <= LONGEST_PX
    assert look(image).blank


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    data=st.data(),
)
def test_any_pixels_give_an_answer_and_always_the_same(width: int, height: int, data: st.DataObject) -> None:
    pixels = data.draw(st.binary(min_size=width * height, max_size=width * height))
    image = Image.frombytes("L", (width, height), pixels)

    seen = look(image)

    assert 0 <= seen.guess.low <= seen.guess.likely <= seen.guess.high
    assert 0 <= seen.text_share <= 1
    assert 0 <= seen.text_area <= 1
    assert 0 <= seen.in_paragraphs <= 1
    assert 0 <= seen.tones <= 1
    assert look(image) == seen


def filled(mask: list[list[bool]]) -> set[tuple[int, int, int, int, int]]:
    """Patches by flood fill, the slow and simple way."""
    height, width = len(mask), len(mask[0])
    left = {(x, y) for y in range(height) for x in range(width) if mask[y][x]}
    patches = set()
    while left:
        patch, edge = set(), [left.pop()]
        while edge:
            x, y = edge.pop()
            patch.add((x, y))
            near = {(x + a, y + b) for a in (-1, 0, 1) for b in (-1, 0, 1)} & left
            left -= near
            edge.extend(near)
        xs, ys = [x for x, _ in patch], [y for _, y in patch]
        patches.add((min(xs), min(ys), max(xs) + 1, max(ys) + 1, len(patch)))
    return patches


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=9, max_size=9), min_size=1, max_size=9))
def test_blobs_are_the_connected_patches(mask: list[list[bool]]) -> None:
    image = Image.new("L", (9, len(mask)))
    image.putdata([255 if cell else 0 for row in mask for cell in row])

    found = {(blob.left, blob.top, blob.right, blob.bottom, blob.ink) for blob in blobs_in(image)}

    assert found == filled(mask)


def test_noise_costs_no_blobs_and_shows_no_text() -> None:
    noise = Image.frombytes("L", (1_000, 1_400), random.Random(0).randbytes(1_400_000))

    assert blobs_in(noise.point([0] * 230 + [255] * 26)) == []
    assert not look(noise).shows_text
    assert not look(noise).blank


def test_noise_made_softer_costs_no_blobs_either() -> None:
    """A page of noise at 300 dpi, drawn small: a thousand of them once took minutes."""
    noise = Image.frombytes("L", (2_478, 3_507), random.Random(0).randbytes(2_478 * 3_507)).reduce(3)

    assert blobs_in(smeared(ink_of(noise, paper_of(noise), ()).mask)) == []
    assert not look(noise).shows_text
    assert not look(noise).blank


def test_text_under_specks_is_text() -> None:
    page = written_page()
    chance = random.Random(1)
    ImageDraw.Draw(page).point([(chance.randrange(1_200), chance.randrange(1_600)) for _ in range(190_000)], fill=0)

    assert look(page).shows_text


def written_page() -> Image.Image:
    page = Image.new("L", (1_200, 1_600), 255)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(22)
    for top in range(60, 1_540, 34):
        pen.text(
            (80, top), "Anyone who has waited for a large upload knows the moment when it fails.", fill=0, font=font
        )
    return page
