"""Which limits hold, and which is the tightest along the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.errors import SettingsError, UnknownTarget
from preflight.limits import (
    applicable_limits,
    counted_bytes,
    effective_limits,
    raw_bytes_max,
    request_bytes,
    tightest,
    user_limit,
)
from preflight.model import Limit, Measure
from preflight.profile import MEDIA, Hop, Mode, Target
from preflight.target import list_targets, load_hop, load_target


def limits(reference: str, *hops: str, media: str = "pdf", model: str | None = None) -> dict[Measure, Limit]:
    found = effective_limits(
        load_target(reference), [load_hop(hop) for hop in hops], media_type=MEDIA[media], model=model
    )
    return {limit.measure: limit for limit in found}


def a_byte_limit(most: int, overhead: int, *, encoded: bool) -> Limit:
    return Limit(
        measure="bytes", max=most, by="x", field="f", source="s", as_of="d", status="confirmed",
        encoded=encoded, overhead_bytes=overhead,
    )  # fmt: skip


def test_anthropic_by_itself() -> None:
    found = limits("anthropic-messages")

    assert found["bytes"].max == 32_000_000
    assert found["bytes"].encoded
    assert raw_bytes_max(found["bytes"]) == (32_000_000 - 4096) // 4 * 3 < 24_000_000
    assert (found["pages"].max, found["pages"].field) == (600, "pdf_pages_max_1m")
    assert found["tokens"].max == 992_000
    assert "1,000,000" in found["tokens"].note
    assert found["pages"].source.startswith("https://platform.claude.com")
    assert (found["pages"].as_of, found["pages"].status) == ("2026-09-20", "confirmed")


def test_a_small_context_window_has_fewer_pages() -> None:
    found = limits("anthropic-messages", model="claude-haiku-4-5")

    assert (found["pages"].max, found["tokens"].max) == (100, 192_000)


@pytest.mark.parametrize(
    ("model", "pages"), [("gemini-3.8-flash", 3000), ("gemini-3-pro-preview", 900), ("gemini-2.5-pro", 1000)]
)
def test_pages_depend_on_the_model(model: str, pages: int) -> None:
    assert limits("vertex-gemini", model=model)["pages"].max == pages


def test_the_tightest_along_the_way_binds_and_keeps_its_source() -> None:
    found = limits("anthropic-messages", "cloudflare", "nginx", "heroku")

    assert (found["bytes"].by, found["bytes"].max) == ("nginx", 1_048_576)
    assert found["bytes"].encoded  # the body nginx sees is the JSON with base64 in it
    assert found["bytes"].source.startswith("github:nginx/nginx")
    assert (found["seconds"].by, found["seconds"].max) == ("heroku", 30)
    assert found["pages"].by == "anthropic-messages"


def test_limits_are_compared_by_the_file_they_leave() -> None:
    # 50 MB of file against 40 MB of JSON: the JSON leaves 30 MB of file.
    raw, encoded = a_byte_limit(35_000_000, 0, encoded=False), a_byte_limit(40_000_000, 0, encoded=True)

    assert tightest([raw, encoded]) == (encoded,)
    assert tightest([a_byte_limit(29_000_000, 0, encoded=False), encoded])[0].max == 29_000_000


def test_a_gateway_in_front_of_a_multipart_upload_counts_the_file_and_its_envelope() -> None:
    found = limits("chatgpt-web", "nginx")["bytes"]

    assert not found.encoded
    assert raw_bytes_max(found) == 1_048_576 - 1024


def test_lambda_takes_binary_bodies_as_base64() -> None:
    found = limits("claude-ai", "aws-lambda")["bytes"]

    assert found.encoded
    assert raw_bytes_max(found) == (6_000_000 - 1024) // 4 * 3


def test_a_waf_limits_files_and_other_bodies_apart() -> None:
    assert limits("anthropic-messages", "azure-appgw:waf")["bytes"].max == 131_072
    assert limits("chatgpt-web", "azure-appgw:waf")["bytes"].max == 100_000_000


def test_a_file_in_a_bucket_does_not_pass_the_gateway() -> None:
    found = limits("textract:async", "nginx")

    assert found["bytes"].by == "textract:async"
    assert found["seconds"].by == "nginx"


def test_modes_have_their_own_limits() -> None:
    assert limits("textract")["bytes"].status == "conflict"
    assert limits("textract")["bytes"].max == 5_000_000
    assert limits("textract")["pages"].max == 1
    assert limits("textract:async")["pages"].max == 3000
    assert limits("azure-di:f0")["pages"].max == 2
    assert limits("google-document-ai:imageless")["pages"].max == 30
    assert limits("claude-ai")["pages"].max == 100
    assert limits("claude-ai:text")["pages"].max == 1000


def test_media_types_have_their_own_limits() -> None:
    assert limits("chatgpt-web", media="png")["bytes"].max == 20_000_000
    assert limits("chatgpt-web", media="csv")["bytes"].max == 50_000_000
    assert "tokens" not in limits("chatgpt-web", media="csv")
    assert limits("anthropic-messages", media="png")["pixels-per-side"].max == 8000
    assert limits("google-document-ai", media="tiff")["megapixels"].max == 40
    image = limits("anthropic-messages", media="png")["bytes"]
    assert raw_bytes_max(image) == 7_500_000


def test_flowing_text_has_no_pages() -> None:
    assert "pages" not in limits("azure-di", media="docx")
    assert "page-points" not in limits("textract", media="png")


def test_the_context_window_does_not_limit_what_is_only_indexed() -> None:
    assert limits("azure-openai:vector-store")["tokens"].field == "vector_store_max_tokens_per_file"


def test_the_input_cap_of_a_model_holds_besides_its_window() -> None:
    assert limits("openai-api-file-input")["tokens"].max == 922_000
    target = load_target("openai-api-file-input")
    found = effective_limits(target, media_type=MEDIA["pdf"], reserve_tokens=200_000)
    assert next(limit.max for limit in found if limit.measure == "tokens") == 850_000


def test_a_reserve_over_the_window_is_refused() -> None:
    with pytest.raises(SettingsError, match="Keep fewer"):
        effective_limits(load_target("perplexity"), media_type=MEDIA["pdf"], reserve_tokens=200_000)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(UnknownTarget):
        limits("anthropic-messages", model="gpt-4o")


def test_a_limit_of_the_user_takes_part() -> None:
    mine = user_limit("pages", 20)

    assert tightest([*limits("anthropic-messages").values(), mine])[1] == mine
    with pytest.raises(ValueError, match="pages, not bytes"):
        raw_bytes_max(mine)


@pytest.mark.parametrize("hop", [profile.id for profile in list_targets() if isinstance(profile, Hop)])
def test_every_gateway_stands_in_front_of_every_service(hop: str) -> None:
    gateway = load_hop(hop)
    for profile in list_targets():
        if isinstance(profile, Target):
            for mode in profile.modes:
                target = load_target(f"{profile.id}:{mode.id}")
                for media in MEDIA.values():
                    alone = {one.measure: one for one in effective_limits(target, media_type=media)}
                    through = {one.measure: one for one in effective_limits(target, [gateway], media_type=media)}
                    assert alone.keys() <= through.keys()
                    assert all(
                        one in applicable_limits(target, [gateway], media_type=media) for one in through.values()
                    )


@given(most=st.integers(0, 10**10), overhead=st.integers(0, 10**6), encoded=st.booleans(), size=st.integers(0, 10**10))
def test_raw_bytes_max_is_the_largest_file_that_counts_as_within(
    most: int,
    overhead: int,
    encoded: bool,  # noqa: FBT001 - hypothesis fills it by name
    size: int,
) -> None:
    limit = a_byte_limit(most, overhead, encoded=encoded)
    largest = raw_bytes_max(limit)

    if most >= overhead:
        assert counted_bytes(largest, limit) <= most
        assert counted_bytes(largest + 1, limit) > most
        assert (size <= largest) == (counted_bytes(size, limit) <= most)


@given(size=st.binary(max_size=200))
def test_request_bytes_is_what_base64_really_writes(size: bytes) -> None:
    import base64

    mode = Mode(id="x", about="", transport="json-base64", overhead_bytes=7)

    assert request_bytes(len(size), mode) == len(base64.b64encode(size)) + 7
    assert request_bytes(123, Mode(id="x", about="", transport="raw")) == 123
