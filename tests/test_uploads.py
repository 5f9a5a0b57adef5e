"""Uploads that can be resumed: the offset is the size of the file, whatever dies when."""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from preflight.errors import (
    ChecksumDiffers,
    DiskFull,
    OutputError,
    TooLarge,
    UnknownUpload,
    UploadBusy,
    UploadExpired,
    UploadOffsetDiffers,
)
from preflight.uploads import Checksum, UploadStore

if TYPE_CHECKING:
    from pathlib import Path


def sha(data: bytes) -> Checksum:
    return Checksum(algorithm="sha256", digest=hashlib.sha256(data).digest())


@pytest.fixture
def store(tmp_path: Path) -> UploadStore:
    return UploadStore(tmp_path / "uploads", max_bytes=1_000_000, ttl_s=100, reserve_bytes=0)


def put(store: UploadStore, upload_id: str, offset: int, data: bytes, checksum: Checksum | None = None) -> int:
    with store.append(upload_id, offset, checksum=checksum) as append:
        append.write(data)
        return append.finish()


def test_bytes_arrive_in_parts(store: UploadStore) -> None:
    upload = store.create(10, metadata="filename YQ==")
    assert (upload.offset, upload.complete, upload.metadata) == (0, False, "filename YQ==")

    assert put(store, upload.id, 0, b"01234") == 5
    assert put(store, upload.id, 5, b"56789", sha(b"56789")) == 10

    found = store.find(upload.id)
    assert found.complete
    assert found.path.read_bytes() == b"0123456789"


def lose_connection(store: UploadStore, upload_id: str, offset: int, data: bytes, checksum: Checksum | None) -> None:
    with store.append(upload_id, offset, checksum=checksum) as append:
        append.write(data)
        assert checksum is None or store.find(upload_id).offset == offset, "not to be relied on yet"
        raise ConnectionError


def test_what_was_written_counts_though_nobody_finished(store: UploadStore) -> None:
    upload = store.create(10)

    with pytest.raises(ConnectionError):
        lose_connection(store, upload.id, 0, b"0123", None)

    assert store.find(upload.id).offset == 4


def test_bytes_with_a_wrong_or_unchecked_sum_do_not_count(store: UploadStore) -> None:
    upload = store.create(10)
    put(store, upload.id, 0, b"01")

    with pytest.raises(ChecksumDiffers):
        put(store, upload.id, 2, b"wrong", sha(b"right"))
    assert upload.path.read_bytes() == b"01"
    with pytest.raises(ConnectionError):
        lose_connection(store, upload.id, 2, b"right", sha(b"right"))

    assert store.find(upload.id).offset == 2
    assert upload.path.read_bytes() == b"01"


def test_only_one_appends_at_a_time(store: UploadStore) -> None:
    upload = store.create(10)

    with store.append(upload.id, 0) as append:
        append.write(b"0")
        with pytest.raises(UploadBusy), store.append(upload.id, 1):
            pass
        with pytest.raises(UploadBusy):
            store.remove(upload.id)

    assert put(store, upload.id, 1, b"1") == 2


def test_refusals_name_what_is_so(store: UploadStore) -> None:
    upload = store.create(10, owner="a")

    with pytest.raises(UploadOffsetDiffers) as told, store.append(upload.id, 3, owner="a"):
        pass
    assert told.value.offset == 0
    with pytest.raises(TooLarge), store.append(upload.id, 0, owner="a") as append:
        append.write(b"x" * 11)
    with pytest.raises(TooLarge):
        store.create(1_000_001)
    for wrong in ("0" * 32, "../" + upload.id, "", upload.id.upper() + "x"):
        with pytest.raises(UnknownUpload):
            store.find(wrong, owner="a")
    with pytest.raises(UnknownUpload):
        store.find(upload.id, owner="b")
    with pytest.raises(UnknownUpload):
        store.remove(upload.id, owner="b")
    store.remove(upload.id, owner="a")
    with pytest.raises(UnknownUpload):
        store.find(upload.id, owner="a")


def test_no_room(tmp_path: Path) -> None:
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    store = UploadStore(tmp_path, max_bytes=1 << 60, ttl_s=100, reserve_bytes=free - 1_000_000)

    with pytest.raises(DiskFull):
        store.create(100_000_000)


def test_nothing_follows_a_block_that_was_written_in_part(store: UploadStore) -> None:
    """Whoever has that block still would write its beginning twice if there is room again by then."""
    upload = store.create(1_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with store.append(upload.id, 0) as append:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (300, hard))
            with pytest.raises(OutputError):
                append.write(b"0123456789" * 50)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        with pytest.raises(OutputError):
            append.write(b"0123456789" * 50)

    assert store.find(upload.id).path.read_bytes() == b"0123456789" * 30


def test_what_is_not_finished_in_time_goes(tmp_path: Path) -> None:
    clock = [os.stat(tmp_path).st_mtime]  # noqa: PTH116
    store = UploadStore(tmp_path, max_bytes=100, ttl_s=1_000, reserve_bytes=0, now=lambda: clock[0])
    old, held = store.create(10), store.create(10)
    (tmp_path / ".new-left").mkdir()
    clock[0] += 900
    assert store.purge() == 0
    clock[0] += 200

    with pytest.raises(UploadExpired):
        store.find(old.id)
    os.utime(held.path, (clock[0], clock[0]))
    assert store.purge() == 2
    assert [one.name for one in tmp_path.iterdir()] == [held.id]


def test_a_sender_that_is_still_sending_is_not_purged(tmp_path: Path) -> None:
    clock = [os.stat(tmp_path).st_mtime]  # noqa: PTH116
    store = UploadStore(tmp_path, max_bytes=100, ttl_s=1_000, reserve_bytes=0, now=lambda: clock[0])
    upload = store.create(10)

    with store.append(upload.id, 0) as append:
        clock[0] += 5_000
        assert store.purge() == 0
        append.write(b"01234")
        append.finish()
    assert upload.path.read_bytes() == b"01234"


CRASH = """
    import os, signal, sys
    from pathlib import Path
    from preflight.uploads import Checksum, UploadStore

    store = UploadStore(Path(sys.argv[1]), max_bytes=100, ttl_s=100, reserve_bytes=0)
    with store.append(sys.argv[2], 2, checksum=Checksum(algorithm="sha1", digest=b"x")) as append:
        append.write(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_bytes_whose_sum_was_not_compared_before_a_crash_do_not_count(store: UploadStore) -> None:
    upload = store.create(10)
    put(store, upload.id, 0, b"01")

    root = upload.path.parent.parent
    subprocess.run([sys.executable, "-c", textwrap.dedent(CRASH), root, upload.id], check=False)

    assert upload.path.read_bytes() == b"01half"
    assert store.find(upload.id).offset == 2
    put(store, upload.id, 2, b"23")
    assert store.find(upload.id).offset == 4
    assert upload.path.read_bytes() == b"0123"


NO_SPACE = """
    import sys
    from pathlib import Path
    from preflight.errors import OutputError
    from preflight.uploads import UploadStore

    store = UploadStore(Path(sys.argv[1]), max_bytes=10_000, ttl_s=100, reserve_bytes=0)
    try:
        with store.append(sys.argv[2], 0) as append:
            append.write(b"x" * 9_000)
    except OutputError as error:
        print(type(error).__name__)
"""


def test_no_space_in_the_middle_keeps_what_is_there(store: UploadStore) -> None:
    upload = store.create(10_000)

    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(NO_SPACE), upload.path.parent.parent, upload.id],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096)),
    )

    assert run.stdout.strip() == OutputError.__name__
    assert store.find(upload.id).offset == 4_096
    assert put(store, upload.id, 4_096, b"y" * 5_904) == 10_000
