"""Keeping house: what has expired goes, what is needed stays, and who wants to be told is told."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import trustme
from sqlalchemy import update
from standardwebhooks import Webhook
from test_webhooks import receiver

from preflight.engine.base import UnitOutcome
from preflight.engine.null import NullEngine
from preflight.errors import ServiceBusy, UnknownDocument, UploadUnfinished
from preflight.judging import Order, UserLimits
from preflight.ledger.records import Reached
from preflight.ledger.schema import documents
from preflight.ledger.states import HookState, JobState
from preflight.runner import Runner
from preflight.service.housekeeping import LEFT_S, YOUNG_S, Housekeeping
from preflight.service.job_data import job_data
from preflight.service.jobs import Wish
from preflight.service.options import ServiceOptions
from preflight.service.space import Space, open_space
from preflight.settings import Settings
from preflight.splitting import SplitOptions
from preflight.webhooks import new_secret
from preflight.wire import json_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from preflight.engine.base import Unit
    from preflight.service.documents import StoredDocument

WISH = Wish(order=Order(limits=UserLimits(pages=1)), split=SplitOptions())


@contextmanager
def space(folder: Path, **options: object) -> Iterator[Space]:
    with open_space(ServiceOptions(folder=folder, reserve_bytes=0, **options), Settings()) as made:  # type: ignore[arg-type]
        yield made


def put(made: Space, data: bytes = b"hello", owner: str = "", key: str | None = None) -> StoredDocument:
    path = made.incoming / "body"
    path.write_bytes(data)
    return made.documents.take(path, "a.txt", owner=owner, key=key)


def age(made: Space, seconds: float) -> None:
    """Let everything in the store be older."""
    for path in (made.options.folder / "store").rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - seconds,) * 2)


def done(made: Space) -> None:
    """Do all jobs, with results made up."""

    def answer(unit: Unit) -> UnitOutcome:
        piece = made.artifacts.put(f"piece of {unit.job_id}".encode())
        manifest = {"pieces": [{"name": "p.txt", "media_type": "text/plain", "sha256": piece}]}
        receipt = {"reports": [made.artifacts.put(b"{}")], "manifest": made.artifacts.put(json_line(manifest))}
        return UnitOutcome(place=unit.place, status="ok", receipt=receipt)

    Runner(made.ledger, NullEngine(answer), made.artifacts).run(lambda: False)


def test_what_jobs_refer_to_stays_and_everything_else_goes(tmp_path: Path) -> None:
    with space(tmp_path) as made:
        waiting = made.jobs.ask(put(made), WISH)
        document = put(made)
        view = made.jobs.ask(document, WISH)
        done(made)
        made.ledger.retry([waiting.id])
        stray = made.artifacts.put(b"nobody's")
        young = made.artifacts.put(b"not yet anybody's")
        age(made, YOUNG_S + 100)
        made.artifacts.renew(young)

        dropped = Housekeeping(made).purge()

        view = made.jobs.find(view.id, owner="")
        assert dropped == 3, "and what the job that is done again had made"
        assert not made.artifacts.has(stray)
        assert made.artifacts.has(young)
        assert made.artifacts.has(waiting.request)
        assert made.jobs.results.piece(view, 1).path.read_bytes().startswith(b"piece of")
        made.documents.remove(document.id, owner="")
        age(made, YOUNG_S + 100)
        Housekeeping(made).purge()
        assert view.result is not None
        assert not made.artifacts.has(view.result["manifest"])


def test_what_a_kill_left_half_done_goes_and_what_is_under_way_stays(tmp_path: Path) -> None:
    with space(tmp_path) as made:
        old, new = made.incoming / "old", made.incoming / "new"
        scrap, fresh = tmp_path / "store" / "tmp" / "old", tmp_path / "store" / "tmp" / "new"
        for path in (old, new):
            path.mkdir()
        for path in (scrap, fresh):
            path.touch()
        for path in (old, scrap):
            os.utime(path, (time.time() - LEFT_S - 60,) * 2)

        Housekeeping(made).purge()

        assert [path.exists() for path in (old, new, scrap, fresh)] == [False, True, False, True]


def test_documents_and_jobs_go_when_their_time_is_over(tmp_path: Path) -> None:
    with space(tmp_path, kept_s=1000.0) as made:
        old, new = put(made), put(made)
        view = made.jobs.ask(old, WISH)
        done(made)
        path = tmp_path / "uploads" / old.id / "data"
        os.utime(path, (time.time() - 2000,) * 2)
        over = update(documents).where(documents.c.id == old.id).values(expires_at=time.time() - 1000)
        made.ledger.database.write(lambda connection: connection.execute(over))

        assert [one.id for one in made.documents.page("")] == [new.id], "at once, not when it is removed"
        Housekeeping(made).purge()

        assert not path.exists()
        assert [one.id for one in made.documents.page("")] == [new.id]
        assert not made.ledger.jobs([view.id])


def test_a_complete_upload_that_a_crash_kept_out_of_the_database_is_entered(tmp_path: Path) -> None:
    with space(tmp_path) as made:
        upload = made.uploads.create(5, owner="t", metadata="filename YS50eHQ=")
        with pytest.raises(UploadUnfinished):
            made.documents.find(upload.id, owner="t")
        with made.uploads.append(upload.id, 0, owner="t") as append:
            append.write(b"hello")
            append.finish()

        assert not made.documents.page("t")
        assert made.documents.reconcile() == 1
        assert made.documents.reconcile() == 0
        assert [one.name for one in made.documents.page("t")] == ["a.txt"]


def test_what_is_somebody_elses_is_not_there(tmp_path: Path) -> None:
    with space(tmp_path) as made:
        document = put(made, owner="ours", key="k")
        view = made.jobs.ask(document, WISH, key="k")
        theirs = put(made, owner="theirs", key="k")

        with pytest.raises(UnknownDocument):
            made.documents.find(document.id, owner="theirs")
        assert theirs.id != document.id
        assert made.jobs.ask(theirs, WISH, key="k").id != view.id
        assert [one.id for one in made.jobs.page("ours")] == [view.id]
        assert len(made.documents.page("theirs")) == 1
        assert not made.documents.page("")


def test_more_work_than_may_wait_is_refused(tmp_path: Path) -> None:
    with space(tmp_path, max_waiting=2) as made:
        document = put(made)
        for key in "ab":
            made.jobs.ask(document, WISH, key=key)

        made.jobs.ask(document, WISH, key="a")  # which is there already
        with pytest.raises(ServiceBusy):
            made.jobs.ask(document, WISH, key="c")


def test_it_is_written_down_how_far_a_job_is(tmp_path: Path) -> None:
    with space(tmp_path) as made:
        view = made.jobs.ask(put(made), WISH)
        (lease,) = made.ledger.lease("me", 1, ttl_s=60)
        before = made.jobs.find(view.id, owner="")

        made.ledger.note({lease.place: Reached(phase="read", count=64)})
        made.ledger.note({(view.id, 0, lease.token + 1): Reached(phase="cut", count=1)})

        after = made.jobs.find(view.id, owner="")
        assert before.reached is None
        assert after.reached == Reached(phase="read", count=64)
        assert after.revision > before.revision


def test_who_wants_to_be_told_is_told_once(tmp_path: Path) -> None:
    authority, secret = trustme.CA(), new_secret()
    with receiver(authority, "localhost", 204) as server:
        port = server.server_address[1]
        hook = (f"https://localhost:{port}/hook", secret)
        options = {"webhooks": True, "trusted_hooks": frozenset({f"localhost:{port}"})}
        with space(tmp_path, **options) as made, authority.cert_pem.tempfile() as trusted, trusting(trusted):
            house = Housekeeping(made)
            view = made.jobs.ask(put(made), Wish(order=Order(), hook=hook))
            assert house.tell() == 0, "not before the end"
            done(made)
            assert made.jobs.find(view.id, owner="").hook is HookState.WAITING
            assert house.tell() == 1
            assert house.tell() == 0
            assert made.jobs.find(view.id, owner="").hook is HookState.DELIVERED

    [(headers, body)] = server.came  # type: ignore[attr-defined]
    told = Webhook(secret).verify(body, {key.lower(): value for key, value in headers.items()})
    assert told["type"] == "job.finished"
    assert (told["data"]["id"], told["data"]["state"]) == (view.id, str(JobState.DONE))


def test_who_cannot_be_told_is_tried_again_later(tmp_path: Path) -> None:
    authority = trustme.CA()
    with receiver(authority, "localhost", 500) as server:
        port = server.server_address[1]
        options = {"webhooks": True, "trusted_hooks": frozenset({f"localhost:{port}"})}
        with space(tmp_path, **options) as made, authority.cert_pem.tempfile() as trusted, trusting(trusted):
            house = Housekeeping(made)
            made.jobs.ask(put(made), Wish(order=Order(), hook=(f"https://localhost:{port}/", new_secret())))
            done(made)

            assert house.tell() == 1
            assert house.tell() == 0, "not at once"


@pytest.mark.parametrize("trusted", [True, False])
def test_a_job_says_when_nobody_will_be_told(tmp_path: Path, *, trusted: bool) -> None:
    authority = trustme.CA()
    with receiver(authority, "localhost", 410) as server:
        port = server.server_address[1]
        options = {"webhooks": True, "trusted_hooks": frozenset({f"localhost:{port}"} if trusted else ())}
        with space(tmp_path, **options) as made, authority.cert_pem.tempfile() as known, trusting(known):
            house = Housekeeping(made)
            hook = (f"https://localhost:{port}/", new_secret())
            view = made.jobs.ask(put(made), Wish(order=Order(), hook=hook))
            plain = made.jobs.ask(put(made, key="other"), WISH)
            done(made)
            done(made)

            assert house.tell() == 1
            assert job_data(made.jobs.find(view.id, owner=""), 1.0)["webhook"] == "failed"
            assert job_data(made.jobs.find(plain.id, owner=""), 1.0)["webhook"] is None
            assert house.tell() == 0


@contextmanager
def trusting(certificates: str) -> Iterator[None]:
    """Let the system's way of checking certificates know an authority of the tests'."""
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = certificates
    try:
        yield
    finally:
        if before is None:
            del os.environ["SSL_CERT_FILE"]
        else:
            os.environ["SSL_CERT_FILE"] = before
