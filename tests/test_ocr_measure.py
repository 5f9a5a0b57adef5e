"""What is measured on a page image before recognition, and how it is prepared."""

from __future__ import annotations

import math

import pytest
from pages import WORDS, lettered
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps, ImageStat

from extractors.base import Raster
from extractors.ocr.measure import has_ink, look
from extractors.ocr.prepare import MAX_PIXELS, MIN_REDUCED, evenly_lit, prepare


def page(*, size: int = 28, width: int = 1200, lines: int = 30) -> Image.Image:
    """A page of text in Pillow's own font; its x-height is about 0.53 of ``size``."""
    font = ImageFont.load_default(size)
    image = Image.new("L", (width, 2 * size * (lines + 4)), 255)
    pen = ImageDraw.Draw(image)
    fitting = int((width - 6 * size) / pen.textlength(WORDS, font=font) * len(WORDS))
    words = f"{WORDS} " * (2 + fitting // len(WORDS))
    for number in range(lines):
        start = number * 53 % len(WORDS)
        pen.text((3 * size, 2 * size * (number + 2)), words[start : start + fitting], fill=0, font=font)
    return image


def noisy(image: Image.Image, sigma: float = 12) -> Image.Image:
    return ImageChops.add(image, Image.effect_noise(image.size, sigma), 1, -128)


def raster(image: Image.Image, dpi: float = 200) -> Raster:
    return Raster(image, dpi, "embedded")


def test_blank_paper_is_blank() -> None:
    assert look(Image.new("L", (1700, 2200), 255)).blank
    assert look(noisy(Image.new("L", (1700, 2200), 230))).blank
    assert look(Image.new("L", (1, 1), 0)).blank


def test_grain_and_dust_are_not_ink_but_a_page_number_is() -> None:
    dusty = noisy(Image.new("L", (1700, 2200), 235))
    for number in range(40):
        dusty.putpixel((41 * number, 53 * number), 0)
    assert not has_ink(dusty)
    ImageDraw.Draw(dusty).text((840, 2100), "1", fill=0, font=ImageFont.load_default(28))
    assert has_ink(dusty)


@pytest.mark.parametrize(("paper", "ink", "sigma"), [(255, 215, 0), (250, 190, 6), (40, 110, 6), (128, 60, 4)])
def test_faint_writing_is_ink(paper: int, ink: int, sigma: float) -> None:
    image = Image.new("L", (1700, 2200), paper)
    ImageDraw.Draw(image).text((300, 900), "faint but legible", fill=ink, font=ImageFont.load_default(30))
    assert has_ink(noisy(image, sigma) if sigma else image)


@pytest.mark.parametrize("size", [12, 20, 28, 44, 70])
def test_x_height_is_measured(size: int) -> None:
    measured = look(noisy(page(size=size, width=60 * size))).x_height_px
    assert measured == pytest.approx(0.53 * size, rel=0.3, abs=1.5)


@pytest.mark.parametrize("angle", [-5.0, -1.3, -0.5, 0.0, 0.7, 2.0, 6.0])
def test_skew_is_measured(angle: float) -> None:
    skewed = page().rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    assert look(skewed).skew_deg == pytest.approx(-angle, abs=0.15)


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270])
def test_turned_lines_are_seen(turn: Image.Transpose) -> None:
    seen = look(page().transpose(turn))
    assert seen.turned
    assert seen.x_height_px == pytest.approx(15, abs=2)
    assert not look(page()).turned
    assert not look(page().transpose(Image.Transpose.ROTATE_180)).turned


def test_turned_is_not_said_of_a_table_with_rules_or_a_single_line() -> None:
    ruled = page()
    pen = ImageDraw.Draw(ruled)
    for x in range(0, ruled.width, 60):
        pen.line((x, 0, x, ruled.height), fill=0, width=3)
    assert not look(ruled).turned
    assert not look(page(lines=1)).turned


def test_light_on_dark_is_seen_and_turned_over() -> None:
    dark = ImageOps.invert(page())
    assert look(dark).inverted
    made = prepare(raster(dark))
    assert ImageStat.Stat(made.image).mean[0] > 200


@pytest.mark.parametrize(("size", "expected"), [(12, 13), (28, 15), (70, 14)])
def test_letters_are_brought_to_a_good_height(size: int, expected: float) -> None:
    made = prepare(raster(page(size=size, width=60 * size)))
    assert made.x_height_px == pytest.approx(expected, abs=1)
    assert look(made.image).x_height_px == pytest.approx(expected, abs=3)
    assert 180 <= made.dpi <= 260


def test_lines_are_levelled_and_stood_up() -> None:
    crooked = page().rotate(2.5, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    assert look(prepare(raster(crooked)).image).skew_deg == pytest.approx(0, abs=0.2)
    lying = crooked.transpose(Image.Transpose.ROTATE_90)
    made = prepare(raster(lying))
    assert made.turned == 90
    seen = look(made.image)
    assert (seen.turned, seen.skew_deg) == (False, pytest.approx(0, abs=0.2))


def test_upright_scripts_are_not_turned() -> None:
    lying = page().transpose(Image.Transpose.ROTATE_90)
    made = prepare(raster(lying), upright_script=True)
    assert (made.turned, made.image.size) == (0, lying.size)


def test_blank_page_is_passed_on_as_it_is() -> None:
    made = prepare(raster(Image.new("L", (500, 700), 255)))
    assert made.blank
    assert made.image.size == (500, 700)


def test_bilevel_rasters_become_gray() -> None:
    assert prepare(raster(page().convert("1"))).image.mode == "L"


def test_pixels_are_capped_in_both_directions() -> None:
    wide = prepare(raster(page(size=9, width=4000, lines=300)))
    assert wide.image.width * wide.image.height <= MAX_PIXELS * 1.01
    huge = prepare(raster(page(size=400, width=6000, lines=4)))
    assert huge.image.width >= 6000 * MIN_REDUCED * 0.99


def test_falling_light_is_levelled() -> None:
    lit = page()
    light = Image.linear_gradient("L").resize(lit.size).point([70 + tone * 185 // 255 for tone in range(256)])
    shaded = ImageChops.multiply(lit, light)
    level = evenly_lit(shaded)
    corner = (0, 0, lit.width, 50)
    assert ImageStat.Stat(shaded.crop(corner)).mean[0] < 90
    assert ImageStat.Stat(level.crop(corner)).mean[0] > 225
    assert ImageStat.Stat(ImageChops.difference(level, lit)).mean[0] < 15


def test_pictures_and_even_light_are_left_alone() -> None:
    plain = page()
    assert evenly_lit(plain) is plain
    pictured = page()
    for number in range(12):
        left, top = 100 + 250 * (number % 4), 100 + 500 * (number // 4)
        pictured.paste(90, (left, top, left + 150, top + 300))
    assert evenly_lit(pictured) is pictured
    tiny = Image.new("L", (40, 40), 100)
    assert evenly_lit(tiny) is tiny


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (7, 5), (3000, 2)])
def test_odd_sizes_do_no_harm(size: tuple[int, int]) -> None:
    for image in (Image.new("L", size, 0), lettered(max(size[0], 2), max(size[1], 2)).resize(size)):
        made = prepare(raster(image))
        assert made.image.width >= 1
        assert math.isfinite(made.dpi)
