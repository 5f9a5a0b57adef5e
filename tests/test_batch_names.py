"""What files of a batch are called: no two the same, and each name leads back to its file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from preflight.batch_walk import Filters, bytes_of, check_paths, shown_name, walk
from preflight.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def test_no_two_names_look_the_same_and_each_can_be_had_back() -> None:
    assert shown_name(os.fsdecode(b"bad\xff.pdf")) == "bad\\xff.pdf"
    assert shown_name("bad\\xff.pdf") == "bad\\x5cxff.pdf"


@given(st.binary(max_size=12).map(lambda one: one.replace(b"\0", b"\\x5cxf")))
@example(b"\\\xff")
@example(b"\\x5cxff")
@example(b"\\\\xff")
def test_a_name_can_be_had_back(name: bytes) -> None:
    assert bytes_of(shown_name(os.fsdecode(name))) == name


def test_a_file_that_several_paths_lead_to_is_read_once(tmp_path: Path) -> None:
    root = tmp_path / "in"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "sub" / "b.txt").write_text("b")
    (tmp_path / "link").symlink_to(root / "sub")

    for others in (["in/a.txt"], ["in/sub"], ["in/sub/b.txt", "in/sub"], ["in"], ["link"]):
        paths = [tmp_path / one for one in others]
        for roots in ([root, *paths], [*paths, root]):
            assert [one.shown for one in walk(roots)] == ["a.txt", "sub/b.txt"], roots
    assert [one.shown for one in walk([root / "a.txt", root / "sub"])] == ["a.txt", "sub/b.txt"]
    assert [one.shown for one in walk([root, root / "sub"], filters=Filters(exclude=("sub",)))] == [
        "in/a.txt",
        "sub/b.txt",
    ]


def test_a_folder_too_deep_may_be_named_beside_the_one_it_is_in(tmp_path: Path) -> None:
    deep = tmp_path.joinpath("in", *["d"] * 40)
    deep.mkdir(parents=True)
    (deep / "a.txt").write_text("hello")

    refused, found = walk([tmp_path / "in", deep])

    assert (refused.error is None, found.error) == (False, None)
    assert found.shown == "d/a.txt"


def test_results_of_the_batch_itself_are_no_documents(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for folder in (out / "pieces" / "a.txt", out / ".preflight", out / "mine"):
        folder.mkdir(parents=True)
    (out / "pieces" / ".preflight-pieces").touch()
    (out / "pieces" / "a.txt" / "piece.txt").write_text("words")
    (out / "mine" / "b.txt").write_text("words")

    for path in (out / "pieces", out / "pieces" / "a.txt", out / ".preflight"):
        with pytest.raises(UsageError, match="is a result of the batch"):
            check_paths([out / "mine", path], out)
    check_paths([out, out / "mine"], out)
    assert [one.shown for one in walk([out / "pieces"], tmp_path / "other")] == ["a.txt/piece.txt"]
