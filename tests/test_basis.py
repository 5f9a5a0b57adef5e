"""Every figure names the numbers it was made of, and its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from test_estimate import PROSE, document, page, source, texts

from extractors.facts import TextGuess, UnitFacts, UnitKind
from preflight.estimate import estimate
from preflight.model import Range
from preflight.prices import PieceSize, price
from preflight.target import load_target
from preflight.tokens import measure_all

if TYPE_CHECKING:
    from pathlib import Path

SPEED = """
schema = "preflight/target/1"
id = "mine"
name = "Mine"
kind = "ocr"
[sources]
log = { url = "our own log", as_of = "2026-11-20" }
[facts]
speed = { value = "measured", unit = "rule", status = "confirmed", source = "log" }
[modes.default]
about = "all"
transport = "raw"
[seconds]
fact = "speed"
per_request = [0.5, 1, 2]
"""


def exactly(tokens: int) -> PieceSize:
    return PieceSize(tokens=Range(low=tokens, likely=tokens, high=tokens))


def test_tokens_name_the_exact_count_the_ratio_and_the_images() -> None:
    italian = "La casa della famiglia era grande e il giardino dietro la casa era pieno di alberi. " * 30
    measured = measure_all([(1, PROSE), (2, PROSE), (3, italian)])
    whole, _ = estimate(document(page(1), page(2), page(3)), measured, source(), load_target("anthropic-messages"))

    text, base = whole.basis["tokens.text"], sum(one.o200k for one in measured)
    assert text.startswith(f"{base:,} o200k tokens, counted exactly")
    assert "× 1.20–1.51–1.85 English prose (2 pages); × 1.10–1.64–2.40 other Latin script (1 page)" in text
    assert whole.basis["tokens.images"].startswith("3 × 1,600 (1,592–1,760) for 595 × 842 pt")
    assert whole.tokens is not None
    likely = whole.tokens.likely
    images = 3 * 1600
    assert whole.basis["tokens"].startswith(f"{likely:,} (")
    assert f"= text {likely - images:,} (" in whole.basis["tokens"]
    assert "+ images 4,800 (4,776–5,280)" in whole.basis["tokens"]


@pytest.mark.parametrize("reference", ["anthropic-messages", "anthropic-files"])
def test_how_a_page_is_seen_cites_what_was_measured_of_pages(reference: str) -> None:
    whole, _ = estimate(document(page(1)), texts(1), source(), load_target(reference))

    assert "page_image_tokens" in whole.basis["tokens.seen"]
    assert "(encrypted_pdf" not in whole.basis["tokens.seen"]


def test_many_mixtures_and_sizes_are_summed_up() -> None:
    words = [
        "人人生而自由",
        "Все люди рождаются",
        "すべての人間は",
        "모든 인간은",
        "كل الناس",
        "Όλοι οι άνθρωποι",
        "सभी मनुष्य",
    ]
    measured = measure_all([(number, word * 20) for number, word in enumerate(words, start=1)])
    frames = tuple(
        UnitFacts(number=number, kind=UnitKind.IMAGE, width_px=100 * number, height_px=100)
        for number in range(1, len(words) + 1)
    )
    whole, _ = estimate(document(*(page(n) for n in range(1, 8))), measured, source(), load_target("gemini-api"))
    shown, _ = estimate(document(*frames, kind="frame"), [], source("png"), load_target("anthropic-messages"))

    assert whole.basis["tokens.text"].count("×") <= 5
    assert "others, " in shown.basis["tokens.images"]
    assert "28 × 28 px" in shown.basis["tokens.images"]


def test_what_ocr_would_give_names_characters_and_rate() -> None:
    guess = TextGuess(low=1000, likely=2000, high=3000)
    facts = document(page(1), page(2, scan=True, guess=guess), page(3, scan=True))
    whole, _ = estimate(facts, texts(1), source(), load_target("chatgpt-web"))
    alone, _ = estimate(document(page(1, scan=True)), [], source(), load_target("chatgpt-web"))

    assert "2 pages without readable text: 1,000–3,800–9,000 characters" in whole.basis["tokens.ocr"]
    assert "from pixels (1) and area (1)" in whole.basis["tokens.ocr"]
    assert "as in the text of the document" in whole.basis["tokens.ocr"]
    assert "190–250–700 o200k tokens for 1,000 characters as nothing is known" in alone.basis["tokens.ocr"]
    assert "1,000–3,800–9,000 characters × 0.25–0.3–0.6 ms" in whole.basis["local_seconds"]


def test_upload_names_file_and_what_is_around_it() -> None:
    whole, _ = estimate(document(page(1)), texts(1), source(), load_target("anthropic-messages"))

    assert whole.basis["upload_bytes"].startswith("404,096 bytes: base64 makes 400,000 of 300,000")


def test_a_speed_by_the_page_says_nothing_of_flowing_text(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(SPEED + "per_page = [0.1, 0.2, 0.4]\n", encoding="utf-8")
    block = UnitFacts(number=1, kind=UnitKind.TEXT)
    target = load_target(str(mine))

    whole, units = estimate(document(block, kind="block"), texts(1), source("docx"), target)
    paged, _ = estimate(document(page(1)), texts(1), source(), target)

    assert whole.seconds is None
    assert units[0].seconds is None
    assert "flowing text has no pages" in whole.basis["seconds"]
    assert paged.basis["seconds"].startswith("1.2 (0.6–2.4) s = 0.5–1–2 s a request + 0.1–0.2–0.4 s × 1 page; rates")


def test_a_speed_by_size_holds_for_flowing_text(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(SPEED + "per_megabyte = [1, 2, 3]\n", encoding="utf-8")
    block = UnitFacts(number=1, kind=UnitKind.TEXT, stored_bytes=500_000)

    whole, _ = estimate(document(block, kind="block"), texts(1), source("docx"), load_target(str(mine)))

    assert whole.seconds is not None
    assert whole.seconds.likely == 1.6  # the file has 300,000 bytes
    assert "1–2–3 s × 0.300 MB" in whole.basis["seconds"]


def test_money_names_the_tier_that_applied_to_each_request() -> None:
    target = load_target("openai-api-file-input")
    below = price(target, "gpt-5.6-sol", [exactly(200_000), exactly(200_000)])
    above = price(target, "gpt-5.6-sol", [exactly(400_000)])
    both = price(target, "gpt-5.6-sol", [PieceSize(tokens=Range(low=100_000, likely=200_000, high=300_000))])

    assert below.basis.startswith(
        "2 requests, 400,000 tokens at 4 USD a million (tiers by the tokens of one request: 4"
    )
    assert above.basis.startswith("1 request, 400,000 tokens at 8 USD a million")
    assert "likely: 1 request at 4 USD a million, high: 1 request at 8 USD a million" in both.basis
    assert "output" not in below.basis


def test_a_fee_a_request_is_named() -> None:
    assert "and 0.014 USD a request" in price(load_target("perplexity"), "sonar-pro", [exactly(100_000)]).basis
