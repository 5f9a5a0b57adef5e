"""The archive of a split: its length and its tag are known before it is made, and a part of it is a part of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from api.zipped import archive_size, archive_tag, part_of, zipped
from preflight.service.results import StoredFile


def stored(folder: Path, name: str, data: bytes) -> StoredFile:
    sha256 = hashlib.sha256(data).hexdigest()
    path = folder / sha256
    path.write_bytes(data)
    return StoredFile(name=name, media_type="text/plain", path=path, sha256=sha256, size_bytes=len(data))


def test_the_length_is_that_of_what_is_made(tmp_path: Path) -> None:
    contents = {"manifest.json": b"{}", "päge ☂.txt": b"", "a/b" * 60: b"x" * 300_000, "z": bytes(range(256)) * 2_000}
    files = [stored(tmp_path, name, data) for name, data in contents.items()]

    for count in range(len(files) + 1):
        assert archive_size(files[:count]) == len(b"".join(zipped(files[:count])))


def test_what_is_too_large_for_the_form_has_no_length_beforehand(tmp_path: Path) -> None:
    small = stored(tmp_path, "a", b"a")

    assert archive_size([replace(small, size_bytes=2_000_000_000)]) is None
    assert archive_size([small] * 60_001) is None


def test_another_name_or_content_is_another_archive(tmp_path: Path) -> None:
    one, other, renamed = (stored(tmp_path, *parts) for parts in (("a", b"1"), ("a", b"2"), ("b", b"1")))

    assert archive_tag([one]) == archive_tag([one])
    assert len({archive_tag(files) for files in ([one], [other], [renamed], [one, renamed], [renamed, one])}) == 5


@given(st.lists(st.binary(max_size=9), max_size=9), st.integers(0, 40), st.integers(0, 40))
@settings(deadline=None, max_examples=200)
def test_a_part_is_a_part(blocks: list[bytes], first: int, more: int) -> None:
    assert b"".join(part_of(blocks, first, first + more)) == b"".join(blocks)[first : first + more + 1]
