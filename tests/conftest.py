"""What several test modules need."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgres import Server

    from preflight.slots import Slots

PROJECT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("PREFLIGHT_SHARED", PROJECT.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of documents and facts beside the project.

    Tests that need it are skipped loudly where it is absent, and fail in CI, where it must be there.
    """
    if not SHARED.is_dir():
        reason = f"NO SHARED FOLDER: {SHARED} is not there, so this test proved nothing"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED


@pytest.fixture(scope="session")
def corpus(shared: Path) -> Path:
    """Folder of real documents."""
    return shared / "corpus"


@pytest.fixture(scope="session")
def labels(corpus: Path) -> list[dict[str, Any]]:
    """One dict a corpus file, as labels.jsonl has it."""
    with (corpus / "labels.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def hostile(shared: Path) -> Path:
    """Folder of all hostile files, made once for each version of their generator and kept for later runs."""
    generator = shared / "hostile" / "make_nasty.py"
    version = hashlib.sha256(generator.read_bytes()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"preflight-nasty-{version}"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as building:
                made = Path(building) / "files"
                subprocess.run([sys.executable, str(generator), str(made)], check=True, capture_output=True)
                made.rename(folder)
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """The project's own small documents."""
    return PROJECT / "samples"


@pytest.fixture(scope="session")
def workers() -> Iterator[Slots]:
    """Two real worker processes, shared by the tests of a session."""
    from preflight.slots import Slots

    made = Slots(2, preload=("preflight.tasks",))
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real PostgreSQL server; skipped loudly where it is not installed, and a failure in CI, which installs it."""
    from postgres import programs, running_server

    folder = programs()
    if folder is None:
        reason = "NO POSTGRESQL: install it (apt-get install postgresql); the ledger was tried on SQLite only"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with running_server(folder) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of an empty database, once in SQLite and once in PostgreSQL."""
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres")
        yield server.database()
        return
    memory = Path("/dev/shm")  # waiting for a disk proves nothing here  # noqa: S108
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield f"sqlite:///{folder}/ledger.sqlite3"
