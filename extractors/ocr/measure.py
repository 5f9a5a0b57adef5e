"""What a page image looks like before recognition: blank, which way its lines run, how skewed, how big the type.

All of it comes from a few tiny images. A page is cut into some dozens of upright strips and each strip is averaged
across its width (one resize in C), which leaves one column of ink shares a strip. Lines of writing are bumps in these
columns: how strong they are tells level from turned lines, shifting the strips against each other finds the skew, and
the width of the bumps is the x-height. Costs 10 to 30 ms of CPU for an A4 page, against 1 to 3 s for its recognition.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from operator import mul
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

from extractors.ink import otsu

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK_PX = 2600
"""Longer images are reduced by a whole factor first (A4 at 200 dpi has 2339 pixels)."""

MAX_SKEW_DEG = 7.0

_INK_PX = 800  # the ink test looks at so many pixels on the longest side: A4 at 70 dpi
_INK_STEPS = (14, 40)  # of 255: from faint writing on clean paper to writing on grainy paper
_INK_NOISES = 8  # times the paper's own noise must ink differ from it
_INK_SPOTS = 4  # darker spots than this many are writing: the digit 1 in 10 pt has five at 70 dpi

_INVERTED = 0.66  # of the area dark; less may be a photograph beside dark writing

_SKEW_STRIPS = 64
_SIZE_STRIPS = 24
_STRIP_PX = 50  # a narrower strip holds too few letters to show lines
_SPIKE = 64  # differences from row to row beyond this are rules and edges, not writing
_TURNED = 2.0  # times as strong must the lines be when the page is looked at from the side
_SKEWED = 1.5  # times as strong must they be after levelling
_LEAST_BUMPS = 3
_ENOUGH_BUMPS = 12  # some words of text; less shows no direction
_ENOUGH_STRIPS = 3
_BODY = 0.4  # of the peak: between x-height (1.0) and ascenders (0.2 to 0.3)
_SOLID = 200  # of 255: rules and dark pictures fill a strip across, writing never does
_WITHOUT_RULES = [tone if tone < _SOLID else 0 for tone in range(256)]
_SQUARES = [min(level, _SPIKE) ** 2 for level in range(256)]
_TALLEST_PX = 40  # letters may be this high on an image of any size, and a fifteenth of a page
_BUMP = re.compile(rb"\xff{2,}")
_DENT = re.compile(rb"(?<=\xff)[^\xff](?=\xff)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was measured.

    Attributes:
        blank: Nothing but paper, noise and specks; the rest then says nothing.
        inverted: Light writing on a dark ground.
        turned: Lines run from top to bottom or from bottom to top; skew and x-height are those after a quarter turn.
        skew_deg: Turn the image by this many degrees counter-clockwise to level its lines; 0 when none was found.
        x_height_px: Height of a small letter in pixels of the image given, typical for the page; None when unknown.
    """

    blank: bool
    inverted: bool = False
    turned: bool = False
    skew_deg: float = 0.0
    x_height_px: float | None = None


def look(gray: Image.Image) -> Look:
    """Measure a page image of mode ``L``."""
    factor = max(1, -(-max(gray.size) // LOOK_PX))
    small = gray.reduce(factor) if factor > 1 else gray
    if not has_ink(small):
        return Look(blank=True)
    ink, inverted = _ink(small)
    level, side = _Profile(ink), _Profile(ink.transpose(Image.Transpose.ROTATE_270))
    turned = side.tells_lines and side.strength > _TURNED * level.strength
    best = side if turned else level
    clear = best.tells_lines and best.strength > _SKEWED * best.straight
    size = best.x_height()
    return Look(
        blank=False,
        inverted=inverted,
        turned=turned,
        skew_deg=best.skew_deg if clear else 0.0,
        x_height_px=None if size is None else float(size * factor),
    )


def has_ink(gray: Image.Image) -> bool:
    """Tell whether there is anything but paper on an image of mode ``L``.

    Averaged down to about 70 dpi, so that noise fades and strokes stay. A lone page number and faint writing are ink;
    the grain of the paper is not. In doubt it is ink: an empty page then costs a second, a page of text is not lost.
    """
    factor = max(1, -(-max(gray.size) // _INK_PX))
    small = gray.reduce(factor) if factor > 1 else gray
    counts = small.histogram()
    paper = max(range(256), key=lambda tone: sum(counts[max(0, tone - 2) : tone + 3]))
    most = 0.68 * small.width * small.height  # what lies within one standard deviation
    noise = next(reach for reach in range(256) if sum(counts[max(0, paper - reach) : paper + reach + 1]) >= most)
    low, high = _INK_STEPS
    step = min(high, max(low, _INK_NOISES * noise))
    spots = sum(counts[: max(0, paper - step)]) + sum(counts[paper + step + 1 :])
    return spots > _INK_SPOTS


def _ink(gray: Image.Image) -> tuple[Image.Image, bool]:
    """Return a mask with ink at 255, and whether the ink is the lighter of the two tones."""
    counts = gray.histogram()
    limit = otsu(counts)
    dark = sum(counts[: limit + 1])
    inverted = dark > _INVERTED * gray.width * gray.height
    below, above = (0, 255) if inverted else (255, 0)
    return gray.point([below] * (limit + 1) + [above] * (255 - limit)), inverted


class _Profile:
    """Ink of a page looked at from one side."""

    def __init__(self, ink: Image.Image) -> None:
        self._ink = ink
        self._strips = max(1, min(_SKEW_STRIPS, ink.width // 4))
        self._image = ink.resize((self._strips, ink.height), Image.Resampling.BOX).point(_WITHOUT_RULES)
        self.straight = self._strength_at(0.0)
        self.strength, _, self.skew_deg = max(self._tried())

    def _tried(self) -> Iterator[tuple[float, float, float]]:
        """Yield strength, straightness (to prefer no skew among equals) and angle: half degrees, then tenths."""
        coarse = [(self._strength_at(angle), -abs(angle), angle) for angle in _steps(0.0, MAX_SKEW_DEG, 0.5)]
        yield from coarse
        around = max(coarse)[2]
        yield from ((self._strength_at(angle), -abs(angle), angle) for angle in _steps(around, 0.4, 0.1))

    def _strength_at(self, angle: float) -> float:
        """Mean square difference between rows of ink share when the strips are shifted as for a page skewed so."""
        drop = math.tan(math.radians(angle)) * self._ink.width / self._strips
        shifted = self._image
        if angle:
            centre = self._strips / 2
            shifted = self._image.transform(
                self._image.size, Image.Transform.AFFINE, (1, 0, 0, drop, 1, -drop * centre), Image.Resampling.NEAREST
            )
        rows = shifted.resize((1, shifted.height), Image.Resampling.BOX)
        steps = ImageChops.difference(rows, ImageChops.offset(rows, 0, 1))
        strength: float = sum(map(mul, _SQUARES, steps.histogram())) / shifted.height
        return strength

    @cached_property
    def _sizes(self) -> list[int]:
        """Widths of all bumps that can be letters."""
        strips = self._size_strips
        columns = self._ink.resize((strips, self._ink.height), Image.Resampling.BOX)
        columns = columns.transpose(Image.Transpose.TRANSPOSE)  # one row a strip, so that its bytes lie together
        shares, length = columns.tobytes(), columns.width
        tallest = max(_TALLEST_PX, length // 15)
        starts = range(0, len(shares), length)
        return [size for start in starts for size in _bumps(shares[start : start + length]) if size <= tallest]

    @property
    def _size_strips(self) -> int:
        return max(1, min(_SIZE_STRIPS, self._ink.width // _STRIP_PX))

    @property
    def tells_lines(self) -> bool:
        """There is enough to tell lines from single letters, which have strong sides in either direction."""
        return self._size_strips >= _ENOUGH_STRIPS and len(self._sizes) >= _ENOUGH_BUMPS

    def x_height(self) -> int | None:
        """Return the typical width of a bump; None when there are too few to tell."""
        if len(self._sizes) < _LEAST_BUMPS:
            return None
        strip = self._ink.width / self._size_strips
        smear = abs(math.tan(math.radians(self.skew_deg))) * strip  # a skewed line makes a wider bump
        return max(2, round(_middle(self._sizes) - smear))


def _steps(middle: float, reach: float, step: float) -> Iterator[float]:
    count = round(reach / step)
    return (round(middle + number * step, 1) for number in range(-count, count + 1))


def _bumps(shares: bytes) -> Iterator[int]:
    """Yield the width of each bump in one column of ink shares, measured at :data:`_BODY` of the usual peak."""
    inked = sorted(share for share in shares if share > 8)
    if len(inked) < 5:
        return
    limit = max(10, round(inked[int(len(inked) * 0.85)] * _BODY))
    mask = shares.translate(bytes(limit) + b"\xff" * (256 - limit))
    for bump in _BUMP.finditer(_DENT.sub(b"\xff", mask)):
        yield bump.end() - bump.start()


def _middle(sizes: list[int]) -> int:
    """Median, each size weighing as much as it is big, so that dust and dots do not count."""
    half, passed = sum(sizes) / 2, 0
    for size in sorted(sizes):
        passed += size
        if passed >= half:
            return size
    return 0
