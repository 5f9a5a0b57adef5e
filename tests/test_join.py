"""Joining: the pieces make the document again; nothing is written when one of them is not what it was."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pikepdf
import pytest
from cuttable import make_pdf

from preflight import SplitOptions, UserLimits, check, join, split
from preflight.errors import OutputError, PiecesDiffer, Stopped
from preflight.manifest import seal_of
from preflight.output import find_place, staging

if TYPE_CHECKING:
    from preflight.slots import Slots


def forge(folder: Path) -> None:
    """Let the manifest say what the pieces are now."""
    path = folder / "manifest.json"
    data = json.loads(path.read_bytes())
    for piece in data["pieces"]:
        found = (folder / piece["name"]).read_bytes()
        piece["size_bytes"], piece["sha256"] = len(found), hashlib.sha256(found).hexdigest()
    data["seal"] = seal_of(data)
    path.write_text(json.dumps(data))


def test_pages_order_text_outline_and_labels_are_as_in_the_original(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "plain.pdf", [5] * 9, chapters=3)
    with pikepdf.open(source) as pdf:
        pdf.Root.PageLabels = pikepdf.Dictionary(
            Nums=[0, pikepdf.Dictionary(S=pikepdf.Name.r), 4, pikepdf.Dictionary(S=pikepdf.Name.D)]
        )
        pdf.save(tmp_path / "report.pdf")
    source = tmp_path / "report.pdf"
    split(source, tmp_path / "out", limits=UserLimits(pages=2), executor=workers)

    joined = join(tmp_path / "out", tmp_path / "joined.pdf", executor=workers)

    assert joined.units == 9
    assert joined.size_bytes == (tmp_path / "joined.pdf").stat().st_size
    before, after = (check(path, executor=workers).facts for path in (source, tmp_path / "joined.pdf"))
    assert before is not None
    assert after is not None
    assert before.pdf is not None
    assert after.pdf is not None
    assert [unit.native_chars for unit in before.units] == [unit.native_chars for unit in after.units]
    assert before.outline == after.outline
    assert before.pdf.page_labels == after.pdf.page_labels
    again = split(tmp_path / "joined.pdf", tmp_path / "again", limits=UserLimits(pages=100), executor=workers)
    whole = split(source, tmp_path / "whole", limits=UserLimits(pages=100), executor=workers)
    assert again.manifest.pieces[0].units == whole.manifest.pieces[0].units


def test_the_same_pieces_give_the_same_bytes(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "report.pdf", [5] * 6)
    split(source, tmp_path / "out", limits=UserLimits(pages=2), executor=workers)

    for name in ("a.pdf", "b.pdf"):
        join(tmp_path / "out" / "manifest.json", tmp_path / name, executor=workers)

    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_more_pieces_than_a_process_may_have_files(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "long.pdf", [1] * 450)
    split(source, tmp_path / "out", limits=UserLimits(pages=1), executor=workers)

    assert join(tmp_path / "out", tmp_path / "joined.pdf", executor=workers).units == 450


def test_a_changed_piece_is_not_joined(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "report.pdf", [5] * 4)
    split(source, tmp_path / "out", limits=UserLimits(pages=2), executor=workers)
    piece = sorted((tmp_path / "out").glob("*.pdf"))[0]
    piece.write_bytes(piece.read_bytes() + b"\n")

    with pytest.raises(PiecesDiffer, match=piece.name):
        join(tmp_path / "out", tmp_path / "joined.pdf", executor=workers)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "report.pdf"]


def test_an_existing_file_is_replaced_only_by_force(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "report.pdf", [5] * 4)
    split(source, tmp_path / "out", limits=UserLimits(pages=2), executor=workers)
    (tmp_path / "joined.pdf").write_text("mine")

    with pytest.raises(OutputError, match="--force"):
        join(tmp_path / "out", tmp_path / "joined.pdf", executor=workers)
    assert (tmp_path / "joined.pdf").read_text() == "mine"
    join(tmp_path / "out", tmp_path / "joined.pdf", force=True, executor=workers)
    assert (tmp_path / "joined.pdf").read_bytes()[:5] == b"%PDF-"
    with pytest.raises(OutputError, match="should be"):
        join(tmp_path / "out", tmp_path / "joined.pdf" / "below" / "a file.pdf", executor=workers)


def test_folders_above_are_made_and_kept_only_with_something_in_them(tmp_path: Path, workers: Slots) -> None:
    split(make_pdf(tmp_path / "report.pdf", [5] * 4), tmp_path / "out", limits=UserLimits(pages=2), executor=workers)
    for path in (tmp_path / "out").glob("*.pdf"):  # what the manifest says, and no PDF
        path.write_bytes(b"no document")
    forge(tmp_path / "out")
    with pytest.raises(Stopped):
        join(tmp_path / "out", tmp_path / "some" / "where" / "joined.pdf", executor=workers)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "report.pdf"]

    split(
        tmp_path / "report.pdf", tmp_path / "out", limits=UserLimits(pages=2), options=SplitOptions(force=True),
        executor=workers,
    )  # fmt: skip
    join(tmp_path / "out", tmp_path / "some" / "where" / "joined.pdf", executor=workers)
    assert [path.name for path in (tmp_path / "some" / "where").iterdir()] == ["joined.pdf"]


def test_what_a_killed_join_left_is_removed_by_the_next(tmp_path: Path, workers: Slots) -> None:
    split(make_pdf(tmp_path / "report.pdf", [5] * 4), tmp_path / "out", limits=UserLimits(pages=2), executor=workers)
    joined = tmp_path / "joined.pdf"
    killed = (
        "import os, pathlib, signal, sys\n"
        "from preflight.output import find_place, staging\n"
        "with staging(find_place(pathlib.Path(sys.argv[1]))) as folder:\n"
        "    (folder / 'joined').write_bytes(b'half of it')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", killed, str(joined)], check=False)
    (left,) = tmp_path.glob(".*")

    with staging(find_place(tmp_path / "joined.pdf")) as alive:  # another run that is still at it
        assert not left.exists()
        join(tmp_path / "out", joined, executor=workers)
        assert list(tmp_path.glob(".*")) == [alive]

    assert sorted(path.name for path in tmp_path.iterdir()) == ["joined.pdf", "out", "report.pdf"]


def test_a_name_relative_to_where_one_is(tmp_path: Path, samples: Path, workers: Slots) -> None:
    split(samples / "notes.md", tmp_path / "out", limits=UserLimits(bytes=1_000), executor=workers)
    (tmp_path / "here").mkdir()
    name = Path(os.path.relpath(tmp_path / "here" / "joined.md"))
    assert not name.is_absolute()

    join(tmp_path / "out", name, executor=workers)

    assert (tmp_path / "here" / "joined.md").read_bytes() == (samples / "notes.md").read_bytes()
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["joined.md"]


def test_pieces_of_text_are_put_one_after_another(tmp_path: Path, samples: Path, workers: Slots) -> None:
    options = SplitOptions(form="markdown")
    result = split(
        samples / "notes.md", tmp_path / "out", limits=UserLimits(bytes=300), options=options, executor=workers
    )

    join(tmp_path / "out", tmp_path / "joined.md", executor=workers)

    whole = b"".join((tmp_path / "out" / piece.name).read_bytes() for piece in result.manifest.pieces)
    assert (tmp_path / "joined.md").read_bytes() == whole
