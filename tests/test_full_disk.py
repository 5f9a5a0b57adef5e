"""A service whose disk fills up while bytes arrive: it says so, and once there is room no byte is missing."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from service import Service
from test_api import is_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

DISK_MB = 256 + 40
"""Forty megabytes, and what the service leaves free for its work."""
DATA = os.urandom(20_000_000)
DIGEST = hashlib.sha256(DATA).hexdigest()
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}
MOUNT = f'mount -t tmpfs -o size={DISK_MB}m tmpfs "$0" || exit 99; exec "$@"'


class SmallDisk:
    """The file system of a service's own, as it is seen from outside."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._filler = root / "filler"

    def fill(self) -> None:
        """Leave room for eight megabytes: more than may be on their way meanwhile, fewer than are still to come."""
        free = shutil.disk_usage(self.root).free
        with self._filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free - 8_000_000)

    def make_room(self) -> None:
        self._filler.unlink()

    def filling(self, data: bytes) -> Iterator[bytes]:
        """Yield bytes; the disk fills up when a quarter of them has been sent."""
        quarter = len(data) // 4
        yield data[:quarter]
        self.fill()
        for at in range(quarter, len(data), 1 << 18):
            yield data[at : at + (1 << 18)]


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, SmallDisk]]:
    """A service and its disk, in a mount namespace of their own."""
    place = tmp_path_factory.mktemp("disk")
    before = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, str(place))
    try:
        allowed = subprocess.run([*before, "true"], stdin=subprocess.DEVNULL, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    if not allowed:
        pytest.skip("NO SMALL DISK: this system allows no mount namespace")
    service = Service(place / "data", "--workers", "0", before=before)
    try:
        service.start()
        assert service.process is not None
        yield service, SmallDisk(Path(f"/proc/{service.process.pid}/root{place}"))
    finally:
        service.kill()


def is_full(answer: httpx.Response) -> None:
    is_problem(answer, 507, "disk-full")
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["retryable"] is True
    assert "room" in answer.json()["detail"]
    assert "TMPDIR" not in answer.json()["detail"], "the disk is not the caller's"


def test_an_upload_goes_on_where_the_disk_was_full(placed: tuple[Service, SmallDisk]) -> None:
    service, disk = placed
    uploads = f"{service.address}/v1/uploads"
    is_full(httpx.post(uploads, headers={**TUS, "Upload-Length": "60000000"}))
    made = httpx.post(uploads, headers={**TUS, "Upload-Length": str(len(DATA))})
    place = f"{service.address}{made.headers['location']}"

    is_full(httpx.patch(place, headers={**BYTES, "Upload-Offset": "0"}, content=disk.filling(DATA), timeout=60))
    at = int(httpx.head(place, headers=TUS).headers["upload-offset"])
    assert len(DATA) // 4 <= at < len(DATA)
    assert httpx.get(f"{service.address}/healthz").status_code == 200
    disk.make_room()
    rest = httpx.patch(place, headers={**BYTES, "Upload-Offset": str(at)}, content=DATA[at:], timeout=60)

    assert rest.status_code == 204, rest.text
    document = httpx.get(f"{service.address}/v1/documents/{place.rpartition('/')[2]}").json()
    assert (document["sha256"], document["size_bytes"]) == (DIGEST, len(DATA))


def test_a_document_in_one_request_is_whole_or_not_there(placed: tuple[Service, SmallDisk]) -> None:
    service, disk = placed
    documents = f"{service.address}/v1/documents"
    before = httpx.get(documents).json()["items"]

    is_full(httpx.post(documents, content=disk.filling(DATA), timeout=60))
    is_full(httpx.post(documents, content=DATA, timeout=60))
    assert httpx.get(documents).json()["items"] == before
    assert list((disk.root / "data" / "incoming").iterdir()) == []
    disk.make_room()
    made = httpx.post(documents, content=DATA, timeout=60)

    assert made.status_code == 201, made.text
    assert made.json()["sha256"] == DIGEST
