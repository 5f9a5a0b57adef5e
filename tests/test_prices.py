"""Money: tiers by request, fees, pages, and an unknown that stays unknown."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.facts import DocumentFacts, Source, UnitFacts, UnitKind
from preflight.errors import UnknownTarget
from preflight.estimate import estimate
from preflight.model import Range
from preflight.prices import PieceSize, price, with_cost
from preflight.profile import Target
from preflight.target import FOLDER, list_targets, load_target

if TYPE_CHECKING:
    from pathlib import Path


def exactly(tokens: int, pages: int | None = None) -> PieceSize:
    return PieceSize(tokens=Range(low=tokens, likely=tokens, high=tokens), pages=pages)


def likely(reference: str, model: str | None, *pieces: PieceSize) -> Decimal:
    found = price(load_target(reference), model, pieces)
    assert found.cost is not None, found.basis
    assert found.cost.currency == "USD"
    return Decimal(found.cost.likely)


@pytest.mark.parametrize(
    ("reference", "model", "dollars"),
    [
        # shared/facts/targets.md, section B: USD for a million tokens of input.
        ("openai-api-file-input", "gpt-5.4", "0.25"),
        ("openai-api-file-input", "gpt-5.6-sol", "0.4"),
        ("openai-api-file-input", "gpt-6-astra", "1"),
        ("openai-api-file-input", "gpt-4o", "0.25"),
        ("anthropic-messages", "claude-opus-5-5", "0.4"),
        ("anthropic-messages", "claude-sonnet-5-5", "0.2"),
        ("anthropic-messages", "claude-haiku-4-5", "0.1"),
        ("gemini-api", "gemini-3.8-flash", "0.075"),
        ("gemini-api", "gemini-3.5-flash", "0.15"),
        ("gemini-api", "gemini-2.5-flash", "0.03"),
    ],
)
def test_a_hundred_thousand_tokens_cost(reference: str, model: str, dollars: str) -> None:
    assert likely(reference, model, exactly(100_000)) == Decimal(dollars)


@pytest.mark.parametrize(
    ("reference", "model", "half"),
    [("openai-api-file-input", "gpt-5.6-sol", 200_000), ("gemini-api", "gemini-3.1-pro-preview", 150_000)],
)
def test_a_tier_applies_to_one_request(reference: str, model: str, half: int) -> None:
    together = likely(reference, model, exactly(2 * half))
    apart = likely(reference, model, exactly(half), exactly(half))

    assert together == 2 * apart


def test_a_fee_for_each_request_is_included() -> None:
    # USD 3 for a million tokens and 14 for a thousand requests.
    assert likely("perplexity", "sonar-pro", exactly(100_000)) == Decimal("0.314")
    assert likely("perplexity", "sonar-pro", exactly(50_000), exactly(50_000)) == Decimal("0.328")


def test_ocr_is_priced_by_the_page() -> None:
    unknown = PieceSize(tokens=None, pages=300)

    assert likely("mistral-ocr", None, unknown) == Decimal("1.2")
    assert likely("mistral-ocr", None, unknown, PieceSize(tokens=None, pages=12)) == Decimal("1.248")


def test_flowing_text_has_no_price_by_the_page() -> None:
    found = price(load_target("mistral-ocr"), None, [PieceSize(tokens=None)])

    assert found.cost is None
    assert "no pages" in found.basis


def test_an_interval_of_tokens_is_an_interval_of_money() -> None:
    piece = PieceSize(tokens=Range(low=100_000, likely=200_000, high=300_000))
    found = price(load_target("openai-api-file-input"), "gpt-5.6-sol", [piece])

    assert found.cost is not None
    assert (found.cost.low, found.cost.likely, found.cost.high) == ("0.40", "0.80", "2.40")
    assert "prices of 2026-11-22" in found.basis
    assert "gpt-5.6-sol at openai" in found.basis


def test_what_the_price_list_made_of_a_model_is_said() -> None:
    found = price(load_target("bedrock-converse"), "claude-sonnet-5-5", [exactly(1000)])

    assert "listed as regional.anthropic.claude-sonnet-5-5" in found.basis


def test_unknown_tokens_have_no_price() -> None:
    found = price(load_target("anthropic-messages"), None, [exactly(5), PieceSize(tokens=None)])

    assert found.cost is None
    assert found.basis == "unknown: the tokens are unknown"


@pytest.mark.parametrize("reference", ["chatgpt-web", "textract", "xai-files"])
def test_a_service_without_a_price_list_has_no_price(reference: str) -> None:
    found = price(load_target(reference), None, [exactly(1000, 1)])

    assert found.cost is None
    assert found.basis.startswith("unknown: the profile of")


def test_a_model_nobody_lists_has_no_price(tmp_path: Path) -> None:
    text = (FOLDER / "perplexity.toml").read_text(encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace('provider = "perplexity"', 'provider = "nobody"'), encoding="utf-8")

    found = price(load_target(str(mine)), None, [exactly(1000)])

    assert found.cost is None
    assert "has no input price of sonar-pro at nobody" in found.basis


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(UnknownTarget):
        price(load_target("anthropic-messages"), "claude-9", [exactly(1)])


def test_every_model_of_every_priced_service_has_a_price() -> None:
    for profile in list_targets():
        if isinstance(profile, Target) and profile.pricing is not None:
            for mode in profile.modes:
                target = load_target(f"{profile.id}:{mode.id}")
                for model in target.offered():
                    found = price(target, model.id, [exactly(1000, 1)])
                    assert found.cost is not None, (target.ref, model.id, found.basis)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 900_000), min_size=1, max_size=5))
def test_the_price_is_the_sum_of_its_requests(sizes: list[int]) -> None:
    whole = likely("openai-api-file-input", "gpt-5.6-sol", *(exactly(size) for size in sizes))

    assert whole == sum(likely("openai-api-file-input", "gpt-5.6-sol", exactly(size)) for size in sizes)


def test_the_cost_joins_the_estimate_with_its_basis() -> None:
    facts = DocumentFacts(
        unit_kind="page", unit_count=1, units=(UnitFacts(number=1, kind=UnitKind.SCAN, needs_ocr=True),)
    )
    source = Source(name="a.pdf", size_bytes=10, sha256="0" * 64, media_type="application/pdf")
    target = load_target("anthropic-messages")
    before, _ = estimate(facts, [], source, target)
    after = with_cost(before, price(target, None, [PieceSize(tokens=before.tokens, pages=1)]))

    assert before.cost is None
    assert after.cost is not None
    assert after.cost.likely == "0.0032"
    assert after.basis["cost"].startswith("1 request, ")
    assert after.tokens == before.tokens
