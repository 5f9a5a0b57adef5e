"""From facts and a target to tokens, seconds and bytes."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.facts import DocumentFacts, Source, TextGuess, UnitFacts, UnitKind, UnitName
from preflight.estimate import estimate
from preflight.model import Range, UnitMeasure
from preflight.profile import MEDIA
from preflight.sight import guessed_chars, guessed_tokens, whole_text
from preflight.target import load_target
from preflight.tokens import measure_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROSE = "The history of the county and of the towns was written to inform the reader and to keep the record. " * 20
ONE_PAGE_TOKENS = measure_all([(1, PROSE)])[0].o200k


def page(number: int, *, scan: bool = False, guess: TextGuess | None = None, size: int = 1000) -> UnitFacts:
    return UnitFacts(
        number=number,
        kind=UnitKind.SCAN if scan else UnitKind.TEXT,
        needs_ocr=scan,
        width_pt=595.0,
        height_pt=842.0,
        stored_bytes=size,
        text_guess=guess,
    )


def document(*units: UnitFacts, kind: UnitName = "page") -> DocumentFacts:
    return DocumentFacts(unit_kind=kind, unit_count=len(units), units=units)


def source(media: str = "pdf", size: int = 300_000) -> Source:
    return Source(name="a", size_bytes=size, sha256="0" * 64, media_type=MEDIA[media])


def texts(*numbers: int) -> tuple[UnitMeasure, ...]:
    return measure_all([(number, PROSE) for number in numbers])


def exactly(tokens: int) -> Range:
    return Range(low=tokens, likely=tokens, high=tokens)


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_without_a_target_text_is_counted_in_o200k() -> None:
    whole, units = estimate(document(page(1), page(2)), texts(1, 2), source())

    assert whole.tokens == exactly(2 * ONE_PAGE_TOKENS)
    assert [unit.tokens for unit in units] == [exactly(ONE_PAGE_TOKENS)] * 2
    assert whole.upload_bytes == 300_000
    assert (whole.cost, whole.seconds) == (None, None)
    assert "o200k" in whole.basis["tokens.text"]


def test_text_and_page_image_add_up_at_anthropic() -> None:
    whole, units = estimate(
        document(page(1), page(2, scan=True)), texts(1), source(), load_target("anthropic-messages")
    )

    assert whole.tokens is not None
    assert units[1].tokens == Range(low=1592, likely=1600, high=1760)  # it reads the scan itself: the image only
    text = units[0].tokens.likely - 1600
    assert 1.3 * ONE_PAGE_TOKENS < text < 1.7 * ONE_PAGE_TOKENS
    assert whole.tokens == units[0].tokens + units[1].tokens
    assert "page_image_tokens, documented-via-mirror, 2026-10-18" in whole.basis["tokens.images"]


def test_older_models_count_text_lower() -> None:
    facts, measured, target = document(page(1)), texts(1), load_target("anthropic-messages")
    new = estimate(facts, measured, source(), target)[0].tokens
    old = estimate(facts, measured, source(), target, "claude-haiku-4-5")[0].tokens

    assert new is not None
    assert old is not None
    assert old.likely < new.likely


def test_gemini_pages_are_flat_and_unclear_text_is_in_the_high_figure_only() -> None:
    whole, _ = estimate(document(page(1)), texts(1), source(), load_target("gemini-api"))

    assert whole.tokens is not None
    assert (whole.tokens.low, whole.tokens.likely) == (560, 560)
    assert whole.tokens.high > 560 + ONE_PAGE_TOKENS
    assert "unclear" in whole.basis["tokens.seen"]


def test_a_scan_is_nothing_to_a_service_that_takes_text_out() -> None:
    guess = TextGuess(low=1000, likely=2000, high=3000)
    facts = document(page(1), page(2, scan=True, guess=guess))
    whole, units = estimate(facts, texts(1), source(), load_target("chatgpt-web"))

    assert units[1].tokens.low == 0
    # What OCR would give, at the rate of the document's own text.
    rate = ONE_PAGE_TOKENS / len(PROSE)
    assert units[1].tokens.likely == pytest.approx(2000 * rate, rel=0.02)
    assert units[1].tokens.high >= 3000 * rate
    assert "1 page without readable text" in whole.basis["tokens.ocr"]


def test_a_lying_text_layer_is_what_the_service_gets_today() -> None:
    facts = document(page(1, scan=True, guess=TextGuess(low=0, likely=10, high=20)))
    _, units = estimate(facts, texts(1), source(), load_target("chatgpt-web"))

    assert units[0].tokens == exactly(ONE_PAGE_TOKENS)


def test_nobody_looked_at_the_scan_so_the_interval_is_wide() -> None:
    _, units = estimate(document(page(1, scan=True)), [], source(), load_target("chatgpt-web"))

    assert units[0].tokens.low == 0
    assert units[0].tokens.high > 3 * units[0].tokens.likely > 0


@pytest.mark.parametrize(
    ("reference", "media", "why"),
    [
        ("textract:async", "pdf", "names no tokenizer"),
        ("anthropic-messages", "docx", "does not take"),
        ("cohere", "pdf", "does not take"),
        ("azure-di", "md", "it is not known how"),
        ("chatgpt-web", "png", "does not publish what an image counts"),
    ],
)
def test_unknown_tokens_stay_unknown(reference: str, media: str, why: str) -> None:
    whole, units = estimate(document(page(1)), texts(1), source(media), load_target(reference))

    assert whole.tokens is None
    assert units[0].tokens == exactly(0)
    assert why in whole.basis["tokens"]


def test_a_page_image_nobody_prices_is_said_to_be_left_out() -> None:
    whole, _ = estimate(document(page(1)), texts(1), source(), load_target("chatgpt-web:enterprise"))

    assert whole.tokens == exactly(ONE_PAGE_TOKENS)
    assert "only text is counted" in whole.basis["tokens.seen"]


def test_frames_are_counted_by_their_pixels() -> None:
    frame = UnitFacts(number=1, kind=UnitKind.IMAGE, width_px=1920, height_px=1080)
    facts = document(frame, kind="frame")
    target = load_target("anthropic-messages")

    standard, units = estimate(facts, [], source("png"), target, "claude-haiku-4-5")
    high, _ = estimate(facts, [], source("png"), target)
    assert (standard.tokens, high.tokens) == (exactly(1560), exactly(2691))
    assert units[0].images == 1
    assert estimate(facts, [], source("png"), load_target("gemini-api"))[0].tokens == exactly(1120)


def test_pages_count_as_images_where_the_service_says_so() -> None:
    facts = document(page(1))

    assert estimate(facts, [], source(), load_target("bedrock-converse:citations"))[1][0].images == 1
    assert estimate(facts, [], source(), load_target("anthropic-messages"))[1][0].images == 0


def test_a_docx_is_text_only_at_openai() -> None:
    block = UnitFacts(number=1, kind=UnitKind.TEXT, block="paragraph", image_count=3, stored_bytes=10)
    whole, _ = estimate(document(block, kind="block"), texts(1), source("docx"), load_target("openai-api-file-input"))

    assert whole.tokens == exactly(ONE_PAGE_TOKENS)


def test_a_vector_store_counts_in_its_own_encoding() -> None:
    measured = measure_all([(1, PROSE)], ("o200k", "cl100k"))
    whole, _ = estimate(document(page(1)), measured, source(), load_target("openai-files-vector-store"))

    assert whole.tokens == exactly(measured[0].cl100k)


# --- seconds, bytes, words -------------------------------------------------------------------------------------------


def test_server_seconds_are_unknown_until_measured() -> None:
    whole, units = estimate(document(page(1)), texts(1), source(), load_target("anthropic-messages"))

    assert whole.seconds is None
    assert units[0].seconds is None
    assert "uncalibrated" in whole.basis["seconds"]


def test_server_seconds_come_from_the_rates_of_the_profile(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(
        """
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
        per_page = [0.1, 0.2, 0.4]
        per_megabyte = [1, 2, 3]
        """,
        encoding="utf-8",
    )
    facts = document(page(1, size=500_000), page(2, size=500_000))
    whole, units = estimate(facts, texts(1, 2), source(size=1_000_000), load_target(str(mine)))

    assert whole.seconds is not None
    assert (whole.seconds.low, whole.seconds.likely, whole.seconds.high) == (1.7, 3.4, 5.8)
    assert units[0].seconds is not None
    assert units[0].seconds.likely == 1.2
    assert "our own log" in whole.basis["seconds"]
    assert whole.upload_bytes == 1_000_000


def test_pages_without_text_cost_a_service_the_seconds_of_its_ocr(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(
        """
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
        per_page = [0.1, 0.2, 0.4]
        per_ocr_page = [1, 2, 5]
        """,
        encoding="utf-8",
    )
    with_text = [replace(page(number), native_chars=900) for number in (1, 3)]
    twice = replace(page(4, scan=True), width_pt=1190.0)
    facts = document(with_text[0], page(2, scan=True), with_text[1], twice)
    whole, units = estimate(facts, texts(1, 3), source(), load_target(str(mine)))

    assert [unit.seconds.high for unit in units if unit.seconds] == [0.4, 5.4, 0.4, 10.4]
    assert whole.seconds is not None
    assert (whole.seconds.low, whole.seconds.likely, whole.seconds.high) == (3.4, 6.8, 16.6)
    assert "1–2–5 s × 2 pages, as large as 3.0 of A4, to be read by OCR" in whole.basis["seconds"]


def test_ocr_here_costs_seconds_only_where_it_is_needed() -> None:
    dense = TextGuess(low=4000, likely=4500, high=5000)
    facts = document(page(1), page(2, scan=True, guess=dense))
    whole, units = estimate(facts, texts(1), source())

    assert units[0].local_seconds.high == 0
    # Dense pages measured: 1.33 s clean, 2.6 s with noise and skew at 200 dpi, 3.0 s at 300 dpi.
    assert units[1].local_seconds.low < 1.33 < units[1].local_seconds.likely + 0.3
    assert 3.0 < units[1].local_seconds.high < 5.0
    assert whole.local_seconds == units[1].local_seconds
    assert "1 page" in whole.basis["local_seconds"]


@pytest.mark.parametrize(
    ("reference", "upload"),
    [
        ("anthropic-messages", 4 * 100_000 + 4096),
        ("chatgpt-web", 300_000 + 1024),
        ("textract:async", 300_000),
        ("gemini-api:file", 300_000),
    ],
)
def test_upload_bytes_are_those_on_the_wire(reference: str, upload: int) -> None:
    assert estimate(document(page(1)), texts(1), source(), load_target(reference))[0].upload_bytes == upload


def test_words_of_scans_are_guessed() -> None:
    guess = TextGuess(low=0, likely=3000, high=6000)
    _, units = estimate(
        document(page(1), page(2, scan=True, guess=guess)), texts(1), source(), load_target("notebooklm")
    )

    assert units[0].words == len(PROSE.split())
    assert units[1].words == 500


def test_bytes_are_shared_out_where_the_extractor_tells_none() -> None:
    blocks = tuple(UnitFacts(number=number, kind=UnitKind.TEXT) for number in (1, 2, 3))
    _, units = estimate(document(*blocks, kind="block"), texts(1, 2), source("docx", size=10_001))

    sizes = [unit.bytes for unit in units]
    assert sum(sizes) == 10_001
    assert sizes[0] > sizes[2]


# --- the guess from the page -----------------------------------------------------------------------------------------


def test_guesses_grow_with_the_page_and_stay_within_reason() -> None:
    small = UnitFacts(number=1, kind=UnitKind.SCAN, needs_ocr=True, width_pt=297.5, height_pt=421.0)
    poster = UnitFacts(number=1, kind=UnitKind.SCAN, needs_ocr=True, width_pt=14_400.0, height_pt=14_400.0)
    frame = UnitFacts(number=1, kind=UnitKind.SCAN, needs_ocr=True, width_px=1654, height_px=2339, dpi=200.0)
    unknown = UnitFacts(number=1, kind=UnitKind.SCAN, needs_ocr=True)

    assert guessed_chars(small).likely == 450
    assert guessed_chars(poster).likely == 8 * 1800
    assert guessed_chars(frame).likely == pytest.approx(1800, rel=0.01)
    assert guessed_chars(unknown).likely == 1800


def test_tokens_are_guessed_at_the_rate_of_the_documents_own_text() -> None:
    chars = Range(low=1000, likely=1000, high=1000)
    chinese = whole_text(measure_all([(1, "人人生而自由在尊严和权利上一律平等" * 100)]))

    assert guessed_tokens(chars, None) == Range(low=190, likely=250, high=700)
    assert guessed_tokens(chars, chinese).likely > 400
    assert guessed_tokens(chars, whole_text([])).likely == 250


# --- properties ------------------------------------------------------------------------------------------------------

REFERENCES = [
    "anthropic-messages",
    "openai-api-file-input",
    "gemini-api",
    "chatgpt-web",
    "textract",
    "bedrock-converse",
]


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 5000)), max_size=8),
    reference=st.sampled_from([None, *REFERENCES]),
    media=st.sampled_from(["pdf", "docx", "png", "txt"]),
)
def test_the_whole_is_the_sum_of_its_units(
    kinds: Sequence[tuple[bool, bool, int]], reference: str | None, media: str
) -> None:
    units = [page(number, scan=scan, size=size) for number, (scan, _, size) in enumerate(kinds, start=1)]
    measured = texts(*(number for number, (_, text, _) in enumerate(kinds, start=1) if text))
    target = load_target(reference) if reference else None
    whole, parts = estimate(document(*units), measured, source(media), target)

    assert [part.number for part in parts] == [unit.number for unit in units]
    for part in parts:
        assert 0 <= part.tokens.low <= part.tokens.likely <= part.tokens.high
        assert part.local_seconds.low <= part.local_seconds.likely <= part.local_seconds.high
    if whole.tokens is not None:
        assert whole.tokens.likely == sum(part.tokens.likely for part in parts)
        assert whole.tokens.high == sum(part.tokens.high for part in parts)
    assert whole == estimate(document(*units), measured, source(media), target)[0]
    assert set(whole.basis) >= {"tokens", "local_seconds", "upload_bytes"}


def test_a_hundred_thousand_units_take_about_a_second() -> None:
    count = 100_000
    units = tuple(page(number, scan=number % 10 == 0) for number in range(1, count + 1))
    one = texts(1)[0]
    measured = [
        UnitMeasure(
            number=number, chars=one.chars, utf8_bytes=one.utf8_bytes, words=one.words, o200k=one.o200k, cl100k=0,
            scripts=one.scripts, function_words=one.function_words,
        )
        for number in range(1, count + 1)
    ]  # fmt: skip
    target = load_target("anthropic-messages")
    start = time.process_time()
    estimate(document(*units), measured, source(), target)

    assert time.process_time() - start < 3.0  # measured 0.8 s; the rest is room for a busy machine
