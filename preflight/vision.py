"""What an image or a page image costs in tokens, by the rules services publish.

Each rule answers two questions: what an uploaded image of so many pixels costs (exact where the rule is published), and
what a page costs that the service renders itself (an interval, because no service says how large it renders).
Sources are the facts each rule carries; the formulas are those of the vendors' pages named there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from preflight.model import Range

if TYPE_CHECKING:
    from preflight.profile import Fact


class ImageRule(Protocol):
    """A way to count an image."""

    @property
    def fact(self) -> Fact:
        """Where the rule was read."""
        ...

    @property
    def note(self) -> str:
        """What the rule does not know."""
        ...

    def image(self, width_px: int, height_px: int) -> Range:
        """Tokens of an uploaded image."""
        ...

    def page(self, width_pt: float, height_pt: float) -> Range:
        """Tokens of a page the service renders itself."""
        ...


def _exact(tokens: int) -> Range:
    return Range(low=tokens, likely=tokens, high=tokens)


def _fit(width: int, height: int, side: int) -> tuple[int, int]:
    """Shrink so that the long side is at most ``side``; never enlarge."""
    long_side = max(width, height)
    if long_side <= side:
        return width, height
    return max(1, round(width * side / long_side)), max(1, round(height * side / long_side))


def _ceil_div(value: int, step: int) -> int:
    return -(-value // step)


def _page_px(width_pt: float, height_pt: float, side: int) -> tuple[int, int]:
    """Pixels of a page rendered so that its long side is ``side``."""
    scale = side / max(width_pt, height_pt, 1.0)
    return max(1, round(width_pt * scale)), max(1, round(height_pt * scale))


@dataclass(frozen=True, slots=True, kw_only=True)
class Flat:
    """The same for each image or page.

    Attributes:
        fact: The likely figure.
        low: Low figure.
        likely: Likely figure.
        high: High figure.
        note: What it does not know.
        kind: Name of the rule in a profile.
    """

    fact: Fact
    low: int
    likely: int
    high: int
    note: str = ""
    kind: Literal["flat"] = "flat"

    def image(self, width_px: int, height_px: int) -> Range:  # noqa: ARG002 - one price for every size
        """Return the flat figure."""
        return Range(low=self.low, likely=self.likely, high=self.high)

    def page(self, width_pt: float, height_pt: float) -> Range:  # noqa: ARG002 - one price for every size
        """Return the flat figure."""
        return Range(low=self.low, likely=self.likely, high=self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaudeResize:
    """Anthropic: shrink until both limits hold, then one token for each 28 × 28 pixels.

    Attributes:
        fact: Source of the tier.
        edge_px: Longest padded edge.
        budget_tokens: Most tokens of one image.
        note: What it does not know.
        kind: Name of the rule in a profile.
    """

    fact: Fact
    edge_px: int
    budget_tokens: int
    note: str = ""
    kind: Literal["claude-resize"] = "claude-resize"

    def image(self, width_px: int, height_px: int) -> Range:
        """Return ``ceil(w/28) × ceil(h/28)`` after :meth:`resized`."""
        width, height = self.resized(width_px, height_px)
        return _exact(_ceil_div(width, 28) * _ceil_div(height, 28))

    def page(self, width_pt: float, height_pt: float) -> Range:
        """Return the tokens of the page rendered as large as the tier allows: the most it can cost, low is nothing."""
        most = self.image(*_page_px(width_pt, height_pt, self.edge_px)).high
        return Range(low=0, likely=most, high=most)

    def resized(self, width: int, height: int) -> tuple[int, int]:
        """Return the size the service sees: the largest of the same shape that fits edge and budget.

        Reference implementation of the vendor's vision-coordinates page: binary search on the long edge, the short
        one by Python's ``round``.
        """
        if self._fits(width, height):
            return width, height
        long_side, short_side = max(width, height), min(width, height)
        low, high = 1, long_side
        while low < high:
            middle = (low + high + 1) // 2
            if self._fits(middle, max(1, round(middle * short_side / long_side))):
                low = middle
            else:
                high = middle - 1
        short = max(1, round(low * short_side / long_side))
        return (low, short) if width >= height else (short, low)

    def _fits(self, width: int, height: int) -> bool:
        across, down = _ceil_div(width, 28), _ceil_div(height, 28)
        return max(across, down) * 28 <= self.edge_px and across * down <= self.budget_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAIPatch:
    """OpenAI's patch models: 32 × 32 patches times a factor.

    Attributes:
        fact: Source of the caps.
        per_mille: The factor, times 1,000.
        max_patches: More are scaled down to about this many.
        max_side_px: Longest side after the first shrinking.
        page_px: Long side of a rendered page, low, likely, high.
        note: What it does not know.
        kind: Name of the rule in a profile.
    """

    fact: Fact
    per_mille: int
    max_patches: int
    max_side_px: int
    page_px: tuple[int, int, int]
    note: str = ""
    kind: Literal["openai-patch"] = "openai-patch"

    def image(self, width_px: int, height_px: int) -> Range:
        """Return ``ceil(patches × factor)`` with the patches capped."""
        width, height = _fit(width_px, height_px, self.max_side_px)
        patches = min(self.max_patches, _ceil_div(width, 32) * _ceil_div(height, 32))
        return _exact(_ceil_div(patches * self.per_mille, 1000))

    def page(self, width_pt: float, height_pt: float) -> Range:
        """Return the interval between the smallest and the largest rendering."""
        return _rendered(self, self.page_px, width_pt, height_pt)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAITile:
    """OpenAI's tile models: fit a square, shrink the short side, count 512-pixel tiles.

    Attributes:
        fact: Source of the formula.
        base_tokens: Tokens of any image.
        tile_tokens: Tokens a tile.
        fit_px: Side of the square.
        short_px: Short side after shrinking.
        page_px: Long side of a rendered page, low, likely, high.
        note: What it does not know.
        kind: Name of the rule in a profile.
    """

    fact: Fact
    base_tokens: int
    tile_tokens: int
    fit_px: int
    short_px: int
    page_px: tuple[int, int, int]
    note: str = ""
    kind: Literal["openai-tile"] = "openai-tile"

    def image(self, width_px: int, height_px: int) -> Range:
        """Return ``base + tile × tiles``."""
        width, height = _fit(width_px, height_px, self.fit_px)
        short = min(width, height)
        if short > self.short_px:
            width, height = round(width * self.short_px / short), round(height * self.short_px / short)
        return _exact(self.base_tokens + self.tile_tokens * _ceil_div(width, 512) * _ceil_div(height, 512))

    def page(self, width_pt: float, height_pt: float) -> Range:
        """Return the interval between the smallest and the largest rendering."""
        return _rendered(self, self.page_px, width_pt, height_pt)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeminiTile:
    """Gemini 2: one price for a small image, the same for each tile of a large one.

    Attributes:
        fact: Source of the rule.
        tokens: Tokens of a small image or a tile.
        small_px: Both sides up to this count once.
        tile_px: Side of a tile.
        note: What it does not know.
        kind: Name of the rule in a profile.
    """

    fact: Fact
    tokens: int
    small_px: int
    tile_px: int
    note: str = ""
    kind: Literal["gemini-tile"] = "gemini-tile"

    def image(self, width_px: int, height_px: int) -> Range:
        """Return the tokens of all tiles."""
        if max(width_px, height_px) <= self.small_px:
            return _exact(self.tokens)
        return _exact(self.tokens * _ceil_div(width_px, self.tile_px) * _ceil_div(height_px, self.tile_px))

    def page(self, width_pt: float, height_pt: float) -> Range:  # noqa: ARG002 - a page is one image here
        """Return the tokens of one tile."""
        return _exact(self.tokens)


def _rendered(rule: OpenAIPatch | OpenAITile, sides: tuple[int, int, int], width: float, height: float) -> Range:
    low, likely, high = (rule.image(*_page_px(width, height, side)).high for side in sides)
    return Range(low=low, likely=likely, high=high)
