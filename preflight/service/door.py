"""Who may come in to a service, and what whoever runs it sees."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from preflight.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_WORD = re.compile(r"[a-z0-9_-]{1,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOptions:
    """Who may come in.

    Attributes:
        keys: Only who has a key.
        hosts: Names by which the service may be called; empty for any.
        requests: Requests at a time.
        requests_per_minute: Requests of one key, unless the key says otherwise.
        bytes_per_day: Bytes of one key in a day, unless the key says otherwise; 0 for no limit.
        metrics_host: Address for figures.
        metrics_port: Port for figures; None for none.
    """

    keys: bool = False
    hosts: frozenset[str] = frozenset()
    requests: int = 256
    requests_per_minute: int = 1_200
    bytes_per_day: int = 0
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None


def names_of(host: str, allowed: Collection[str]) -> frozenset[str]:
    """Return the names by which a service on an address may be called; empty for any.

    On loopback a page of any site could otherwise reach it from a browser, by a name that it lets resolve to loopback.

    Raises:
        UsageError: One of the names can be none.
    """
    given = frozenset(one.lower().removesuffix(".") for one in allowed)
    if not all(_HOST.fullmatch(one) or _is_address(one) for one in given):
        raise UsageError(
            "--allowed-host is a name such as preflight.example.org, without http://, port or spaces. Give each name "
            "by itself."
        )
    return given | {host, *LOOPBACK} if host in LOOPBACK else given


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_known(name: str, names: Collection[str]) -> bool:
    """Whether a service with these names may be called by this one.

    So it may by a name of one word, such as a container's or a machine's in the same network: to let a name resolve
    to loopback one has to own a domain, and a domain has a dot.
    """
    return name in names or _WORD.fullmatch(name) is not None


def check_protected(host: str, *, keys: bool, anonymous: bool) -> None:
    """Refuse to be open to others by oversight.

    Raises:
        UsageError: Others reach the address, and nobody said who may come in; or two things were said.
    """
    if keys and anonymous:
        raise UsageError("--keys lets in who has a key, --allow-anonymous anybody. Give one of them.")
    if host not in LOOPBACK and not keys and not anonymous:
        raise UsageError(
            f"Anybody who reaches {host} could use the service. Let in only who has a key with --keys (make one by "
            "`preflight keys create`), or anybody with --allow-anonymous."
        )
