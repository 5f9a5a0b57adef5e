"""Keys of a service: made once, kept as hashes, ended for good."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest
from warm_command import warm_command

from preflight.errors import UsageError
from preflight.keys import ApiKey, new_key, parts_of, same, scopes_from, seconds_from
from preflight.ledger.keys import DAY_S, KeyStore, KeyUse


def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*warm_command(), "keys", *arguments], capture_output=True, check=False)


def test_no_two_keys_are_alike_and_each_is_known_by_its_hash() -> None:
    first, second = new_key(), new_key()

    assert first.token != second.token
    assert re.fullmatch(r"pf_[0-9a-f]{16}_[0-9a-f]{64}", first.token), "a secret of 256 bits"
    assert parts_of(first.token) == (first.id, first.digest)
    assert first.digest == hashlib.sha256(first.token.rpartition("_")[2].encode()).hexdigest()
    assert same(first.digest, first.digest)
    assert not same(first.digest, second.digest)


@pytest.mark.parametrize("text", ["", "pf_", "pf_00_00", "x" * 10_000, f"PF_{'0' * 16}_{'0' * 64}", "pf_é_é"])
def test_what_is_no_key_is_none(text: str) -> None:
    assert parts_of(text) is None


def test_a_key_holds_until_it_expires_or_is_revoked() -> None:
    key = ApiKey(id="0" * 16, tenant="t", label="", scopes=frozenset({"check"}), created_at=0, expires_at=10)

    assert key.holds(9.9)
    assert not key.holds(10)
    assert key.allows("check")
    assert not key.allows("write")
    boss = ApiKey(id="0" * 16, tenant="t", label="", scopes=frozenset({"admin"}), created_at=0, revoked_at=5)
    assert boss.allows("write")
    assert not boss.holds(1)


@pytest.mark.parametrize("text", ["", "check,root", ",", "check;read"])
def test_scopes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="check, write, read, admin"):
        scopes_from(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("12h", 43_200), ("90d", 7_776_000), ("1y", 31_557_600), ("never", None)]
)
def test_spans(text: str, seconds: float | None) -> None:
    assert seconds_from(text) == seconds


@pytest.mark.parametrize("text", ["0d", "-1d", "1", "1m", "forever", "999999d", "1.5d"])
def test_spans_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="never"):
        seconds_from(text)


def test_the_store_keeps_no_secret_and_forgets_no_key(ledger_url: str) -> None:
    with KeyStore(ledger_url) as store:
        key, made = store.create(scopes={"check"}, label="the mill", tenant="mill", holds_s=60)
        other, _ = store.create(scopes={"read", "admin"})
    with KeyStore(ledger_url) as store:
        found = store.find(key.id)
        assert found is not None
        again, digest, now = found
        assert again == key
        assert digest == made.digest
        assert again.holds(now)
        assert not again.holds(now + 61)
        assert [one.id for one in store.list()] == [key.id, other.id]
        assert other.tenant == other.id, "a key without a tenant has one of its own"
        assert store.find("f" * 16) is None
        assert made.token.rpartition("_")[2] not in repr(store.list())


def test_a_revoked_key_stays_revoked(ledger_url: str) -> None:
    with KeyStore(ledger_url) as store:
        key, _ = store.create(scopes={"check"})
        assert store.revoke(key.id)
        assert not store.revoke(key.id)
        assert not store.revoke("f" * 16)
        found = store.find(key.id)

    assert found is not None
    assert not found[0].holds(found[2])


def test_bytes_are_counted_by_the_day(ledger_url: str) -> None:
    now = [100.0 * DAY_S + 5]
    with KeyStore(ledger_url, clock=lambda: now[0]) as store:
        key, _ = store.create(scopes={"check"})
        store.used({key.id: KeyUse(at=now[0] - 1, count=10)})
        store.used({key.id: KeyUse(at=now[0], count=32), "f" * 16: KeyUse(at=now[0], count=1)})
        found = store.find(key.id)
        assert found is not None
        assert (found[0].day_bytes, found[0].last_used_at) == (42, now[0])
        now[0] += DAY_S
        found = store.find(key.id)
        assert found is not None
        assert found[0].day_bytes == 0, "a new day"
        store.used({key.id: KeyUse(at=now[0], count=7)})
        assert [one.day_bytes for one in store.list()] == [7]
        store.used({key.id: KeyUse(at=now[0] - DAY_S, count=50)})
        assert [(one.day_bytes, one.last_used_at) for one in store.list()] == [(7, now[0])], "late news of yesterday"


@pytest.mark.parametrize("name", ["x" * 201, "a\nb", "a\x1b[31m"])
def test_names_that_do_not_show_are_refused(tmp_path: Path, name: str) -> None:
    with KeyStore(f"sqlite:///{tmp_path}/l.sqlite") as store, pytest.raises(UsageError):
        store.create(scopes={"check"}, label=name)


def test_the_command_makes_lists_and_revokes(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    made = run("create", "--name", "mill", "--scopes", "check,read", "--expires", "90d", *data)
    token = made.stdout.decode().strip()
    found = parts_of(token)
    assert found is not None
    listed = run("list", "--json", *data)
    (item,) = json.loads(listed.stdout)["items"]

    assert made.returncode == 0
    assert b"not shown again" in made.stderr
    assert (item["id"], item["label"], item["scopes"]) == (found[0], "mill", ["check", "read"])
    assert token.rpartition("_")[2].encode() not in listed.stdout
    assert found[1].encode() not in listed.stdout, "nor its hash"
    assert b"mill" in run("list", *data).stdout
    assert run("revoke", found[0], *data).returncode == 0
    assert run("revoke", found[0], *data).returncode == 66
    assert b"revoked" in run("list", *data).stdout
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())
    assert token.rpartition("_")[2].encode() not in stored


def test_the_list_shows_whole_ids_that_can_be_revoked_and_so_can_the_key_itself(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    every = ("--scopes", "check,read,write,admin")
    leaked = run("create", "--name", "the mill by the river, second floor", *every, *data).stdout.decode().strip()
    run("create", "--name", "x" * 40, "--tenant", "y" * 40, *every, *data)
    run("create", "--expires", "never", *data)
    listed = run("list", *data).stdout.decode()
    known = [item["id"] for item in json.loads(run("list", "--json", *data).stdout)["items"]]
    shown = re.findall(r"^ *([0-9a-f]{16}) ", listed, re.MULTILINE)

    assert shown == known
    assert "…" not in listed
    assert len(re.findall(r" \d{4}-\d\d-\d\d ", listed)) == 2, "until when they hold"
    assert run("revoke", shown[1], *data).returncode == 0
    ended = run("revoke", leaked, *data)
    assert (ended.returncode, ended.stdout.decode().strip()) == (0, f"revoked {known[0]}"), "and no secret"
    assert run("revoke", f"pf_{known[2]}", *data).returncode == 0
    items = json.loads(run("list", "--json", *data).stdout)["items"]
    assert all(item["revoked_at"] for item in items)


@pytest.mark.parametrize(
    ("arguments", "code"), [(("--scopes", "root"), 2), (("--expires", "soon"), 2), (("--bytes-per-day", "0"), 2)]
)
def test_the_command_refuses_what_makes_no_sense(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    run_ = run("create", *arguments, "--data", str(tmp_path))

    assert run_.returncode == code
    assert not run_.stdout
