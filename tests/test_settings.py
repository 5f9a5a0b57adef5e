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
        ("timeout = nan", "timeout"),
        ("languages = []", "languages"),
        ("jobs = ", "TOML"),
    ],
)
def test_a_wrong_file_names_what_is_wrong(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "preflight.toml").write_text(text)

    with pytest.raises(SettingsError, match=word):
        load_settings(folder=tmp_path, environment={})


def test_readme_lists_every_setting() -> None:
    table = README.read_text(encoding="utf-8")

    for field in fields(Settings):
        flag = field.name.replace("_", "-")
        assert f"`{field.name}`" in table
        assert f"`PREFLIGHT_{field.name.upper()}`" in table
        assert f"`--{flag}`" in table
