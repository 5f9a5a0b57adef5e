"""Profiles of services and gateways: complete, faithful to the collected facts, and loadable by id, mode and path."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preflight.errors import BadTarget, SettingsError, UnknownTarget
from preflight.profile import MEDIA, Hop, Target
from preflight.target import (
    FOLDER,
    check_target_file,
    list_targets,
    load_hop,
    load_profile,
    load_target,
    model_of,
    profile_ids,
    target_data,
    target_ref,
    tokenizer_of,
)
from preflight.target_file import parse

if TYPE_CHECKING:
    from preflight.profile import Fact

GATEWAYS = {
    "nginx", "apache", "cloudflare", "aws-alb", "aws-apigw", "aws-lambda", "heroku", "vercel", "cloud-run",
    "azure-appgw", "gunicorn", "uvicorn",
}  # fmt: skip


@pytest.fixture(scope="module")
def collected(shared: Path) -> dict[str, Any]:
    """The facts as they were collected."""
    return json.loads((shared / "facts" / "targets.json").read_text(encoding="utf-8"))


def facts_of(profile_id: str) -> dict[str, Fact]:
    return {fact.name: fact for fact in load_profile(profile_id).facts}


# --- the collected facts -------------------------------------------------------------------------------------------


def test_there_is_one_profile_for_every_service_and_gateway(collected: dict[str, Any]) -> None:
    wanted = {entry["id"].removeprefix("gw-") for entry in collected["targets"]}

    assert set(profile_ids()) == wanted
    assert {profile.id for profile in list_targets() if isinstance(profile, Hop)} == GATEWAYS
    assert sum(isinstance(profile, Target) for profile in list_targets()) == 20


def test_no_collected_fact_is_lost_or_altered(collected: dict[str, Any]) -> None:
    sources = collected["sources"]
    compared = 0
    for entry in collected["targets"]:
        profile = load_profile(entry["id"].removeprefix("gw-"))
        facts = {fact.name: fact for fact in profile.facts}
        assert (profile.name, profile.kind, list(profile.notes)) == (entry["name"], entry["kind"], entry["notes"])
        for name, field in entry["fields"].items():
            fact = facts[name]
            source = sources[field["source"]]
            here = (fact.value, type(fact.value), fact.unit, fact.status, fact.url, fact.as_of, fact.note)
            there = (
                field["value"], type(field["value"]), field["unit"] or "", field["status"],
                source["url"], source["as_of"], field.get("note", ""),
            )  # fmt: skip
            assert here == there, f"{profile.id}: {name}"
            compared += 1

    assert compared == sum(len(entry["fields"]) for entry in collected["targets"]) == 196


def test_every_limit_is_a_fact_with_source_and_date() -> None:
    for profile in list_targets():
        for rule in profile.limits:
            assert rule.fact.url, f"{profile.id}: {rule.fact.name}"
            assert rule.fact.as_of
            if not isinstance(rule.fact.value, str) and rule.fact.value is not None:
                assert rule.max == rule.fact.value, f"{profile.id}: {rule.fact.name}"
            elif isinstance(rule.fact.value, str):
                assert f"{rule.max:,}" in rule.fact.value or str(rule.max) in rule.fact.value


@pytest.mark.parametrize("profile_id", profile_ids())
def test_profile_is_valid_and_named_after_its_file(profile_id: str) -> None:
    assert check_target_file(FOLDER / f"{profile_id}.toml") == []
    assert load_profile(profile_id).id == profile_id


def test_every_service_says_how_it_takes_a_pdf_in_every_mode() -> None:
    for profile in list_targets():
        if isinstance(profile, Target):
            for mode in profile.modes:
                target = load_target(f"{profile.id}:{mode.id}")
                if target.ref != "cohere:embed":  # embeds images; nothing was found on PDF
                    assert target.acceptance(MEDIA["pdf"]) is not None, target.ref


@pytest.mark.parametrize(
    ("reference", "media", "sees"),
    [
        ("anthropic-messages", "pdf", "text+image"),
        ("anthropic-messages", "docx", "refused"),
        ("anthropic-messages", "tiff", "refused"),
        ("chatgpt-web", "pdf", "text"),
        ("chatgpt-web:enterprise", "pdf", "text+image"),
        ("openai-api-file-input", "docx", "text"),
        ("openai-api-file-input:chat", "docx", "refused"),
        ("gemini-api", "docx", "refused"),
        ("textract", "docx", "refused"),
        ("textract:async", "tiff", "image"),
        ("cohere", "pdf", "refused"),
        ("mistral-ocr", "docx", "text+image"),
        ("bedrock-converse", "pdf", "text"),
        ("bedrock-converse:citations", "pdf", "text+image"),
        ("xai-files", "pdf", "retrieval"),
    ],
)
def test_how_services_see_what_they_are_given(reference: str, media: str, sees: str) -> None:
    accepted = load_target(reference).acceptance(MEDIA[media])

    assert accepted is not None
    assert accepted.sees == sees


def test_encrypted_documents_are_refused_where_a_source_says_so() -> None:
    refusing = {
        profile.id
        for profile in list_targets()
        if isinstance(profile, Target)
        and (seen := profile.acceptance(MEDIA["pdf"])) is not None
        and "encrypted" in seen.refuses
    }

    assert refusing == {"anthropic-messages", "anthropic-files", "textract"}


def test_what_nobody_said_is_marked_unconfirmed() -> None:
    seen = load_target("google-document-ai").acceptance(MEDIA["pdf"])

    assert seen is not None
    assert seen.fact is None
    assert seen.status == "unconfirmed"
    assert seen.note


# --- loading --------------------------------------------------------------------------------------------------------


def test_the_first_mode_is_the_default_and_others_stand_behind_a_colon() -> None:
    assert load_target("textract").ref == load_target("textract:sync").ref == "textract"
    assert load_target("textract:async").ref == "textract:async"
    assert load_target("azure-di:f0").mode.about.startswith("the free tier")
    assert load_hop("cloudflare:business").ref == "cloudflare:business"


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("antropic-messages", ["antropic-messages", "anthropic-messages", "path"]),
        ("qqqq", ["Known", "textract"]),
        ("textract:asynk", ["textract:async", "asynk"]),
        ("nginx", ["gateway", "`via`"]),
        ("missing/file.toml", ["missing/file.toml", "cannot be read"]),
        ("", ["Known"]),
        (":", ["Known"]),
    ],
)
def test_unknown_target_says_what_to_write_instead(reference: str, words: list[str]) -> None:
    with pytest.raises(UnknownTarget) as caught:
        load_target(reference)

    for word in words:
        assert word in str(caught.value)


def test_a_service_is_no_gateway() -> None:
    with pytest.raises(UnknownTarget, match="with `target`"):
        load_hop("textract")


def test_a_network_service_cannot_name_files_of_its_host(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text((FOLDER / "nginx.toml").read_text(encoding="utf-8"), encoding="utf-8")

    assert load_hop(str(mine)).id == "nginx"
    with pytest.raises(UnknownTarget, match="There is no target"):
        load_hop(str(mine), files=False)


def test_model_is_chosen_by_name_mode_or_default() -> None:
    target = load_target("anthropic-messages")

    default, named = model_of(target, None), model_of(target, "claude-haiku-4-5")
    assert default is not None
    assert named is not None
    assert (default.id, default.context_tokens) == ("claude-sonnet-5-5", 1_000_000)
    assert (named.context_tokens, named.tokenizer) == (200_000, "claude-pre-4.7")
    assert model_of(load_target("textract"), None) is None
    assert target_ref(load_target("vertex-gemini:claude"), [load_hop("nginx")]).model == "claude-sonnet-5-5"
    assert tokenizer_of(load_target("chatgpt-web")) == "o200k"


@pytest.mark.parametrize(
    ("reference", "model", "words"),
    [
        ("anthropic-messages", "claude-sonet-5-5", ["claude-sonnet-5-5", "profile of your own"]),
        ("textract", "gpt-4o", ["no choice of models"]),
        ("vertex-gemini", "claude-opus-5", ["gemini-"]),
    ],
)
def test_unknown_model_is_never_guessed(reference: str, model: str, words: list[str]) -> None:
    with pytest.raises(UnknownTarget) as caught:
        model_of(load_target(reference), model)

    for word in words:
        assert word in str(caught.value)


def test_profiles_load_fast() -> None:
    load_target("openai-api-file-input")
    start = time.process_time()
    for _ in range(10):
        load_target("openai-api-file-input")

    assert (time.process_time() - start) / 10 < 0.010  # measured 1.4 ms


def test_importing_the_loader_is_light() -> None:
    code = "import sys, preflight.target, preflight.limits, preflight.estimate, preflight.prices; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"pydantic", "genai_prices", "toktok", "rich", "typer", "PIL"} & set(run.stdout.split())


def test_everything_known_can_be_written_as_json() -> None:
    for profile in list_targets():
        text = json.dumps(target_data(profile))
        assert json.loads(text)["id"] == profile.id

    data = target_data(load_target("textract:async"))
    facts = data["facts"]
    assert isinstance(facts, list)
    assert data["ref"] == "textract:async"
    assert facts[0]["source"].startswith("https://")


# --- a file of one's own --------------------------------------------------------------------------------------------

MINE = """\
schema = "preflight/target/1"
id = "our-ocr"
name = "OCR in the cellar"
kind = "ocr"

[sources]
wiki = { url = "https://wiki.example/ocr", as_of = "2026-11-01" }

[facts]
max_upload = { value = 20_000_000, unit = "bytes", status = "confirmed", source = "wiki" }
speed = { value = "0.4 s a page", unit = "rule", status = "confirmed", source = "wiki" }
pages = { unknown = true, unit = "pages", status = "unconfirmed", source = "wiki" }

[modes.default]
about = "the only way"
transport = "multipart"

[[limits]]
fact = "max_upload"
measure = "bytes"

[[accepts]]
media = ["pdf", "image"]
sees = "image"
note = "asked a colleague"

[seconds]
fact = "speed"
per_request = [0.1, 0.2, 1]
per_page = [0.3, 0.4, 0.9]
"""


def complaints(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return check_target_file(path)


def test_a_file_of_ones_own_works_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINE, encoding="utf-8")

    target = load_target(str(path))
    assert target.ref == "our-ocr"
    assert target.rate is not None
    assert target.rate.page == (0.3, 0.4, 0.9)
    assert load_target(f"{path}:default") == target


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('measure = "bytes"', 'measure = "byte"', ["line 20", "limits[1].measure", "'bytes'"]),
        ('measure = "bytes"', 'measure = "pages"', ["line 20", "'pages'", "'bytes'"]),
        ('fact = "max_upload"', 'fact = "max_uplod"', ["line 19", "limits[1].fact", "'max_upload'"]),
        ('sees = "image"', 'sees = "images"', ["line 24", "accepts[1].sees", "'image'"]),
        ('media = ["pdf", "image"]', 'media = ["pfd"]', ["line 23", "'pdf'"]),
        ('media = ["pdf", "image"]', 'media = "pdf"', ["line 23", "list"]),
        ('note = "asked a colleague"', "", ["accepts[1].note", "where this comes from"]),
        ('about = "the only way"', "", ["modes.default.about", "is missing"]),
        ('transport = "multipart"', 'transport = "pigeon"', ["line 16", "known here: json-base64, multipart"]),
        ("value = 20_000_000", "value = -5", ["line 19", "above zero"]),
        ("value = 20_000_000", "size = 20_000_000", ["facts.max_upload.value", "unknown = true"]),
        ("value = 20_000_000", "value = [1]", ["line 10", "facts.max_upload.value"]),
        ('status = "confirmed"', 'status = "sure"', ["facts.max_upload.status", "confirmed"]),
        ('source = "wiki"', 'source = "wikki"', ["facts.max_upload.source", "'wiki'"]),
        ('kind = "ocr"', 'kind = "orc"', ["line 4", "'ocr'"]),
        ('kind = "ocr"', 'kind = "ocr"\ncolour = "red"', ["line 5", "colour", "no key"]),
        ('schema = "preflight/target/1"', 'schema = "preflight/target/9"', ["line 1", "preflight/target/1"]),
        ('id = "our-ocr"', 'id = "Our OCR"', ["line 2", "lower-case"]),
        ("per_page = [0.3, 0.4, 0.9]", "per_page = [0.9, 0.4, 0.3]", ["seconds.per_page", "rising"]),
        ('name = "OCR in the cellar"', "name = ", ["not valid TOML", "line 3"]),
        ('[modes.default]\nabout = "the only way"\ntransport = "multipart"', "", ["modes", "at least one"]),
        ("[seconds]", '[pricing]\nprovider = "x"\nper = "page"\nas_of = "yesterday"\n[seconds]', ["as_of", "2026-"]),
    ],
)
def test_what_is_wrong_is_said_with_line_and_field(old: str, new: str, said: list[str], tmp_path: Path) -> None:
    assert old in MINE
    found = complaints(MINE.replace(old, new, 1), tmp_path)

    assert found
    for words in said:
        assert any(words in one for one in found), (words, found)


def test_all_complaints_come_at_once(tmp_path: Path) -> None:
    text = MINE.replace('sees = "image"', 'sees = "x"').replace('measure = "bytes"', 'measure = "x"')

    assert len(complaints(text, tmp_path)) == 2


def test_a_bad_file_is_refused_with_the_first_complaint(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINE.replace('sees = "image"', 'sees = "images"'), encoding="utf-8")

    with pytest.raises(BadTarget, match=r"line 24: accepts\[1\]\.sees"):
        load_target(str(path))


def test_a_file_that_is_no_profile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    for content in (b"\xff\xfe\x00", b"#" * 1_000_001, b"a = " + b"[" * 20_000):
        path.write_bytes(content)
        with pytest.raises(SettingsError):
            load_target(str(path))
    with pytest.raises(UnknownTarget):
        load_target(str(tmp_path / "a.toml" / "b.toml"))
    with pytest.raises(UnknownTarget):
        check_target_file(tmp_path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=st.sampled_from(profile_ids()),
    edits=st.lists(
        st.tuples(
            st.integers(0, 400),
            st.sampled_from(
                ["", "x = 1", "fact = 3", "[[limits]]", "[facts]", "media = [1]", "max = true", "modes = 0"]
            ),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_no_file_makes_the_reader_fall_over(name: str, edits: list[tuple[int, str]]) -> None:
    lines = (FOLDER / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    for number, new in edits:
        lines[number % len(lines)] = new

    profile, found = parse("\n".join(lines))

    assert profile is not None or found


def test_documented_example_is_valid(tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "targets.md").read_text(encoding="utf-8")
    examples = [block.split("```", 1)[0] for block in text.split("```toml\n")[1:]]
    assert len(examples) == 2

    for example in examples:
        assert complaints(example, tmp_path) == []


def test_a_device_is_no_profile() -> None:
    with pytest.raises(BadTarget, match="no regular file"):
        load_target("/dev/zero")
