"""Tokens of images and page images by the published rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.profile import Fact
from preflight.target import load_target, model_of
from preflight.vision import ClaudeResize, GeminiTile, ImageRule, OpenAIPatch, OpenAITile

FACT = Fact(name="f", value=None, unit="", status="confirmed", url="u", as_of="d")
STANDARD = ClaudeResize(fact=FACT, edge_px=1568, budget_tokens=1568)
HIGH = ClaudeResize(fact=FACT, edge_px=2576, budget_tokens=4784)
PATCH = OpenAIPatch(fact=FACT, per_mille=1200, max_patches=2500, max_side_px=2048, page_px=(512, 2048, 2048))
TILE = OpenAITile(fact=FACT, base_tokens=85, tile_tokens=170, fit_px=2048, short_px=768, page_px=(512, 2048, 2048))
GEMINI2 = GeminiTile(fact=FACT, tokens=258, small_px=384, tile_px=768)
SIDE = st.integers(1, 20_000)


def test_claude_resize_agrees_with_the_checks_of_the_vendor_page() -> None:
    assert STANDARD.resized(1075, 1520) == (924, 1307)
    assert STANDARD.resized(1920, 1080) == (1456, 819)
    assert STANDARD.image(1920, 1080).likely == 1560
    assert HIGH.resized(1920, 1080) == (1920, 1080)
    assert HIGH.image(1920, 1080).likely == 2691


@given(width=SIDE, height=SIDE, rule=st.sampled_from([STANDARD, HIGH]))
def test_claude_resize_keeps_edge_budget_and_shape(width: int, height: int, rule: ClaudeResize) -> None:
    wide, high = rule.resized(width, height)

    assert wide <= width
    assert high <= height
    assert -(-max(wide, high) // 28) * 28 <= rule.edge_px
    assert rule.image(width, height).high <= rule.budget_tokens
    if (wide, high) != (width, height) and min(wide, high) > 50:
        assert abs(wide / high - width / height) < 0.05 * width / height


def test_openai_tiles_as_published() -> None:
    assert TILE.image(1024, 1024).likely == 765  # 768 square, 4 tiles
    assert TILE.image(2048, 4096).likely == 1105  # 768 × 1536, 6 tiles
    assert TILE.image(512, 512).likely == 255


def test_openai_patches_as_published() -> None:
    assert PATCH.image(1024, 1024).likely == 1229  # 32 × 32 patches × 1.2, rounded up
    assert PATCH.image(4000, 4000).likely == 3000  # capped at 2,500 patches
    assert PATCH.image(1, 1).likely == 2


def test_gemini_two_counts_small_images_once_and_large_ones_by_tile() -> None:
    assert GEMINI2.image(384, 384).likely == 258
    assert GEMINI2.image(385, 10).likely == 258
    assert GEMINI2.image(1536, 769).likely == 258 * 4


@given(width=SIDE, height=SIDE, rule=st.sampled_from([STANDARD, HIGH, PATCH, TILE, GEMINI2]))
def test_turning_an_image_hardly_changes_its_price(width: int, height: int, rule: ImageRule) -> None:
    assert rule.image(width, height).likely == rule.image(height, width).likely


@given(width=st.floats(1, 14_400), height=st.floats(1, 14_400), rule=st.sampled_from([STANDARD, PATCH, TILE, GEMINI2]))
def test_page_intervals_rise(width: float, height: float, rule: ImageRule) -> None:
    cost = rule.page(width, height)

    assert 0 <= cost.low <= cost.likely <= cost.high
    assert cost.high > 0


@pytest.mark.parametrize(
    ("reference", "model", "page"),
    [
        ("anthropic-messages", None, (1592, 1600, 1760)),
        ("gemini-api", None, (560, 560, 560)),
        ("gemini-api", "gemini-2.5-pro", (258, 258, 258)),
        ("openai-api-file-input", "gpt-4o", (255, 1105, 1105)),
        ("openai-api-file-input", None, (231, 3000, 3000)),
    ],
)
def test_a_page_of_a4_costs(reference: str, model: str | None, page: tuple[int, int, int]) -> None:
    chosen = model_of(load_target(reference), model)

    assert chosen is not None
    assert chosen.page_rule is not None
    cost = chosen.page_rule.page(595, 842)
    assert (cost.low, cost.likely, cost.high) == page


def test_an_image_costs() -> None:
    gemini = model_of(load_target("gemini-api"), None)
    claude = model_of(load_target("anthropic-messages"), "claude-haiku-4-5")

    assert gemini is not None
    assert gemini.image_rule is not None
    assert gemini.image_rule.image(3000, 2000).likely == 1120
    assert claude is not None
    assert claude.image_rule is not None
    assert claude.image_rule.image(1920, 1080).likely == 1560
