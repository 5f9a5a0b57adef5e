"""Finding a document: only regular, readable, non-empty files; every other thing is said in one sentence."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from extractors.errors import EmptyDocument
from preflight.document import find_document, spooled
from preflight.errors import FileMissing


def test_a_file_is_found_and_opens_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"hello")
    document = find_document(path)

    with document.open() as one, document.open() as two:
        assert one.read() == two.read() == b"hello"
    assert (document.name, document.size_bytes) == ("a.txt", 5)


def test_what_is_no_document(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    with pytest.raises(EmptyDocument, match="zero bytes"):
        find_document(tmp_path / "empty")
    with pytest.raises(FileMissing, match="not a regular file"):
        find_document(tmp_path / "pipe")
    with pytest.raises(FileMissing, match="preflight batch"):
        find_document(tmp_path)
    with pytest.raises(FileMissing, match="no file"):
        find_document(tmp_path / "nothing")
    with pytest.raises(FileMissing, match="Cannot open"):
        find_document(tmp_path / "loop")
    with pytest.raises(FileMissing, match="not valid"):
        find_document("nul\0byte")


def test_links_are_followed_only_when_wanted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "a.txt")

    assert find_document(tmp_path / "link").size_bytes == 1
    with pytest.raises(FileMissing):
        find_document(tmp_path / "link", follow_links=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x")
    path.chmod(0)

    with pytest.raises(FileMissing, match="permission"):
        find_document(path)


@pytest.mark.parametrize("name", ["a\nb.pdf", "exe\u202efdp.pdf", "bad\udcff.pdf", "\x1b[31mred.pdf"])
def test_names_are_made_safe_to_print(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"x")

    shown = find_document(path).name

    assert shown.isprintable()
    assert "\u202e" not in shown
    shown.encode()


def test_a_stream_becomes_a_document() -> None:
    with spooled(io.BytesIO(b"abc"), "stdin") as document, document.open() as file:
        assert file.read() == b"abc"
        path = document.path
    assert not path.exists()


def test_an_empty_stream_is_an_empty_document() -> None:
    with pytest.raises(EmptyDocument), spooled(io.BytesIO(), "stdin"):
        pass
