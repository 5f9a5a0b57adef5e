"""Which engine is taken and why, where model data is found, and what is said when something is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pages import typeset

from extractors.errors import OcrLanguageMissing, OcrUnavailable
from extractors.ocr import ENGINES, choose_engine, engine_states, select_engine
from extractors.ocr.tessdata import data_folders, installed, missing_message, place
from extractors.ocr.tesserocr_engine import TesserocrEngine


@pytest.fixture
def only_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that TESSDATA_PREFIX names; the model for English is in it as ``eng`` and as ``fra``."""
    model = installed()["eng"] / "eng.traineddata"
    for code in ("eng", "fra"):
        shutil.copyfile(model, tmp_path / f"{code}.traineddata")
    (tmp_path / "osd.traineddata").write_bytes(b"no language")
    (tmp_path / "Not A Code.traineddata").write_bytes(b"no language")
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    return tmp_path


def test_auto_takes_tesserocr_and_says_so() -> None:
    choice = select_engine("auto", ("eng",))
    assert choice.engine.name == "tesserocr"
    assert "tesserocr" in choice.why
    assert "eng" in choice.why


def test_auto_without_a_program_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert choose_engine("auto", ("eng",)).name == "tesserocr"
    with pytest.raises(OcrUnavailable, match="apt install tesseract-ocr"):
        choose_engine("pytesseract", ("eng",))
    state = {state.name: state for state in engine_states()}["pytesseract"]
    assert state.version is None
    assert state.problem is not None


def test_auto_falls_to_the_engine_that_has_the_language(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A system program that lists a language nobody else has."""
    program = tmp_path / "tesseract"
    program.write_text(
        '#!/bin/sh\ncase "$1" in --version) echo "tesseract 5.9.0";; *) echo "List:"; echo eng; echo xyz;; esac\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    choice = select_engine("auto", ("xyz",))
    assert choice.engine.name == "pytesseract"
    assert "tesserocr has no data for xyz" in choice.why
    with pytest.raises(OcrLanguageMissing, match="qqq"):
        choose_engine("auto", ("xyz", "qqq"))


def test_auto_names_missing_languages_and_the_way_to_get_them() -> None:
    with pytest.raises(OcrLanguageMissing) as caught:
        choose_engine("auto", ("eng", "xyz", "abc"))
    message = str(caught.value)
    assert "xyz, abc" in message
    assert "installed: " in message
    assert "apt install tesseract-ocr-xyz" in message


def test_unknown_engine_and_no_language_are_refused() -> None:
    with pytest.raises(OcrUnavailable, match=r"auto, tesserocr, pytesseract, null"):
        choose_engine("abbyy", ("eng",))
    with pytest.raises(OcrLanguageMissing, match="at least one"):
        choose_engine("auto", ())


def test_null_is_taken_for_any_language() -> None:
    assert choose_engine("null", ("deu",)).name == "null"


def test_doctor_sees_every_engine_in_the_table() -> None:
    states = engine_states()
    assert [state.name for state in states] == list(ENGINES)
    for state in states:
        assert (state.version is None) == (state.problem is not None)
        assert list(state.languages) == sorted(state.languages)


def test_prefix_comes_first_and_files_that_are_no_language_do_not_count(only_here: Path) -> None:
    assert data_folders()[0] == only_here
    found = installed()
    assert found["fra"] == found["eng"] == only_here
    assert not [code for code in found if " " in code or code == "osd"]


def test_prefix_may_name_the_parent(only_here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    shutil.copytree(only_here, parent / "tessdata", ignore=shutil.ignore_patterns("parent"))
    monkeypatch.setenv("TESSDATA_PREFIX", str(parent))
    assert installed()["fra"] == parent / "tessdata"


def test_data_is_found_without_any_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TESSDATA_PREFIX", raising=False)
    assert "eng" in installed()


def test_languages_from_several_folders_work_together(only_here: Path) -> None:
    (only_here / "eng.traineddata").unlink()
    if "eng" not in installed():
        pytest.skip("NO SECOND FOLDER with data for eng")
    where = place(("fra", "eng"))
    assert where.folder == "/"
    found = TesserocrEngine().recognize(typeset("Bread and butter"), dpi=200, languages=("fra", "eng"), timeout_s=60)
    assert found.text == "Bread and butter"


def test_damaged_model_is_said_to_be_damaged(only_here: Path) -> None:
    (only_here / "fra.traineddata").write_bytes(b"this is no model")
    with pytest.raises(OcrLanguageMissing, match="damaged"):
        TesserocrEngine().recognize(typeset("x"), dpi=200, languages=("fra",), timeout_s=60)


def test_language_can_change_between_pages(only_here: Path) -> None:
    engine = TesserocrEngine()
    for languages in (("eng",), ("fra",), ("eng",), ("eng", "fra")):
        found = engine.recognize(typeset("Bread and butter"), dpi=200, languages=languages, timeout_s=60)
        assert found.text == "Bread and butter"


def test_message_cannot_carry_control_characters() -> None:
    message = missing_message(["e\x1b[31mng\u202e"], ["eng"])
    assert message.isprintable()


def test_importing_the_table_loads_no_engine() -> None:
    code = (
        "import sys, extractors.ocr, extractors.ocr.base\n"
        "import extractors.ocr.tesserocr_engine, extractors.ocr.pytesseract_engine, extractors.ocr.null\n"
        "loaded = {'tesserocr', 'pytesseract', 'PIL', 'pypdfium2', 'pikepdf'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
