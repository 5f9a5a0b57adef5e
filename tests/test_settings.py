"""Settings come from one definition: defaults < file < environment < flags."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from preflight.errors import SettingsError
from preflight.settings import Settings, load_settings

README = Path(__file__).resolve().parents[1] / "README.md"


def test_later_sources_win(tmp_path: Path) -> None:
    (tmp_path / "preflight.toml").write_text('jobs = 3\ntimeout = 10.0\npage-timeout = 5\nlanguages = ["deu"]\n')

    settings = load_settings(
        folder=tmp_path, environment={"PREFLIGHT_TIMEOUT": "20", "HOME": "/x"}, flags={"jobs": 5, "timeout": None}
    )

    assert settings == Settings(jobs=5, timeout=20.0, page_timeout=5.0, languages=("deu",))


def test_languages_are_joined_by_plus(tmp_path: Path) -> None:
    settings = load_settings(folder=tmp_path, environment={"PREFLIGHT_LANGUAGES": "eng+deu"})

    assert settings.languages == ("eng", "deu")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("jbos = 3", "jbos"),
        ("jobs = 'many'", "jobs"),
        ("jobs = -1", "jobs"),
        ("jobs = 2.9", "jobs"),
        ("jobs = 3.0", "jobs"),
        ("jobs = true", "jobs"),
        ("timeout = nan", "timeout"),
        ("timeout = inf", "timeout"),
        ("timeout = 0", "timeout"),
        ("timeout = -1", "timeout"),
        ("timeout = 3e6", "timeout"),
        ("timeout = true", "timeout"),
        ("page-timeout = 0", "page_timeout"),
        ("ocr-engine = 3", "ocr_engine"),
        ("languages = []", "languages"),
        ("jobs = ", "TOML"),
    ],
)
def test_a_wrong_file_names_what_is_wrong(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "preflight.toml").write_text(text)

    with pytest.raises(SettingsError, match=word):
        load_settings(folder=tmp_path, environment={})


@pytest.mark.parametrize(("key", "value"), [("TIMEOUT", "inf"), ("TIMEOUT", "0"), ("JOBS", "2.9"), ("JOBS", "")])
def test_a_wrong_variable_is_said(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^PREFLIGHT_{key} must be"):
        load_settings(folder=tmp_path, environment={f"PREFLIGHT_{key}": value})


def test_the_longest_time_is_taken(tmp_path: Path) -> None:
    assert load_settings(folder=tmp_path, environment={"PREFLIGHT_TIMEOUT": "1e6"}).timeout == 1_000_000


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "preflight.toml").mkdir()

    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(folder=tmp_path, environment={})


def test_readme_lists_every_setting() -> None:
    table = README.read_text(encoding="utf-8")

    for field in fields(Settings):
        flag = field.name.replace("_", "-")
        assert f"`{field.name}`" in table
        assert f"`PREFLIGHT_{field.name.upper()}`" in table
        assert f"`--{flag}`" in table
