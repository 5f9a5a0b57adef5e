"""Manifests that come from anywhere: an answer in time and in little memory, whatever they say."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from cuttable import make_pdf

from preflight import UserLimits, join, split, verify
from preflight.errors import BadManifest, FileMissing, OutputError, PiecesDiffer, Stopped
from preflight.manifest import seal_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from preflight.slots import Slots


@pytest.fixture
def folder(tmp_path: Path, workers: Slots) -> Path:
    """Three pieces of two pages each."""
    split(make_pdf(tmp_path / "report.pdf", [3] * 6), tmp_path / "out", limits=UserLimits(pages=2), executor=workers)
    return tmp_path / "out"


def forge(folder: Path, change: Callable[[Any], None]) -> None:
    path = folder / "manifest.json"
    data = json.loads(path.read_bytes())
    change(data)
    data["seal"] = seal_of(data)
    path.write_text(json.dumps(data))


def many_units(data: Any) -> None:
    data["unit_count"] = 10**25


def long_piece(data: Any) -> None:
    data["pieces"][0]["last"] = 10**12


@pytest.mark.timeout(60)
@pytest.mark.parametrize("change", [many_units, long_piece])
def test_numbers_beyond_reason(folder: Path, workers: Slots, change: Callable[[Any], None]) -> None:
    forge(folder, change)
    assert {"units-missing", "units-not-listed"} & {one.code for one in verify(folder, executor=workers).discrepancies}
    with pytest.raises(PiecesDiffer):
        join(folder, folder.parent / "joined.pdf", executor=workers)


def test_units_that_are_missing_are_counted(folder: Path, workers: Slots) -> None:
    forge(folder, many_units)
    found = {one.code: one for one in verify(folder, executor=workers).discrepancies}
    assert f"{10**25 - 6 - 100_000:,} more" in found["units-missing"].message
    assert found["units-missing"].units[0] == 7


def test_units_said_to_be_repaired_that_are_as_in_the_original(folder: Path, workers: Slots) -> None:
    def repaired(data: Any) -> None:
        made_up = {"code": "repaired", "units": [3], "message": "Made up.", "before": {}, "after": {}}
        data["pieces"][1]["changes"].append(made_up)

    forge(folder, repaired)
    found = verify(folder, against=folder.parent / "report.pdf", executor=workers).discrepancies
    assert [(one.code, one.units) for one in found] == [("repaired-undamaged", (3,))]


@pytest.mark.timeout(60)
def test_a_piece_beyond_reason_is_not_cut_again(folder: Path, workers: Slots) -> None:
    def repaired(data: Any) -> None:
        long_piece(data)
        made_up = {"code": "repaired", "units": [1, 2], "message": "Made up.", "before": {}, "after": {}}
        data["pieces"][0]["changes"].append(made_up)

    forge(folder, repaired)
    found = verify(folder, against=folder.parent / "report.pdf", executor=workers).discrepancies
    assert ("changed-otherwise", (1, 2)) in [(one.code, one.units) for one in found]


def test_no_pieces(folder: Path, workers: Slots) -> None:
    def empty(data: Any) -> None:
        data.update(pieces=[], unit_count=0)

    forge(folder, empty)
    with pytest.raises(BadManifest, match="names no pieces"):
        join(folder, folder.parent / "joined.pdf", executor=workers)


@pytest.mark.timeout(60)
def test_a_manifest_that_is_no_file(folder: Path, workers: Slots) -> None:
    path = folder / "manifest.json"
    for make in (os.mkfifo, lambda name: name.symlink_to("/dev/zero")):
        path.unlink()
        make(path)
        with pytest.raises(FileMissing):
            verify(folder, executor=workers)
        with pytest.raises(FileMissing):
            join(folder, folder.parent / "joined.pdf", executor=workers)
        with pytest.raises(OutputError, match="files of others"):
            split(folder.parent / "report.pdf", folder, limits=UserLimits(pages=2), executor=workers)


def test_an_encoding_that_is_none(tmp_path: Path, workers: Slots) -> None:
    source, out = tmp_path / "notes.txt", tmp_path / "out"
    source.write_text("One paragraph.\n\n" * 40)
    split(source, out, limits=UserLimits(bytes=200), executor=workers)

    def other(data: Any) -> None:
        change = {"code": "encoding-changed", "message": "", "units": [], "before": {"encoding": "zlib"}, "after": {}}
        data["pieces"][0]["changes"] = [change]

    forge(out, other)
    with pytest.raises(Stopped, match="as an encoding, which it is not"):
        join(out, tmp_path / "joined.txt", executor=workers)
