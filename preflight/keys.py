"""API keys as values: what one looks like, what it allows, what is stored of it. Pure.

A key is ``pf_<id>_<secret>``. Its secret has 256 bits and is shown once; of it the SHA-256 is stored. No slow hash is
needed for that: a random number of this size cannot be guessed, whatever a guess costs.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from preflight.errors import UsageError

SCOPES = ("check", "write", "read", "admin")
"""``check``: have documents looked at, read and split, and reach the jobs asked for with the same key. ``write``: send
and remove documents, cancel jobs. ``read``: fetch what is there. ``admin``: all of these."""

DEFAULT_SCOPES = ("check", "write", "read")
ADMIN = "admin"
_TOKEN = re.compile(r"pf_([0-9a-f]{16})_([0-9a-f]{64})")
_SPAN = re.compile(r"([1-9][0-9]{0,4})([hdwy])")
_HOURS = {"h": 1, "d": 24, "w": 168, "y": 8766}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key. Its secret is not.

    Attributes:
        id: 16 hexadecimal digits, part of the key and no secret.
        tenant: Whose documents it reaches; keys of one tenant reach the same.
        label: What its maker called it.
        scopes: Of :data:`SCOPES`.
        created_at: Seconds since 1970.
        expires_at: The same; None for never.
        revoked_at: The same; None while it holds.
        last_used_at: When a request of it was last let in or sent bytes; None before its first use.
        requests_per_minute: Its own limit; None for the service's.
        bytes_per_day: Its own limit; None for the service's.
        day_bytes: Bytes it has sent this day (UTC).
    """

    id: str
    tenant: str
    label: str
    scopes: frozenset[str]
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    last_used_at: float | None = None
    requests_per_minute: int | None = None
    bytes_per_day: int | None = None
    day_bytes: int = 0

    def holds(self, now: float) -> bool:
        """Whether the key is good at that time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def allows(self, scope: str) -> bool:
        """Whether the key may do what needs this scope."""
        return scope in self.scopes or ADMIN in self.scopes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key before anybody has it.

    Attributes:
        id: Its public part.
        token: The whole key, to be shown once.
        digest: What is stored instead.
    """

    id: str
    token: str
    digest: str


def new_key() -> NewKey:
    """Make a key nobody can guess."""
    key_id, secret = secrets.token_hex(8), secrets.token_hex(32)
    return NewKey(id=key_id, token=f"pf_{key_id}_{secret}", digest=_digest(secret))


def parts_of(token: str) -> tuple[str, str] | None:
    """Return id and digest of what a caller sent; None when it is no key."""
    found = _TOKEN.fullmatch(token)
    return None if found is None else (found[1], _digest(found[2]))


def id_from(text: str) -> str:
    """Return the id in what somebody gives to name a key: an id, or a whole key with or without its secret."""
    return text.strip().removeprefix("pf_").partition("_")[0]


def same(digest: str, stored: str) -> bool:
    """Compare two digests in a time that does not tell where they differ."""
    return hmac.compare_digest(digest, stored)


def scopes_from(text: str) -> frozenset[str]:
    """Read scopes joined by commas.

    Raises:
        UsageError: One of them is none.
    """
    wanted = frozenset(part.strip() for part in text.split(",") if part.strip())
    if not wanted or not wanted <= set(SCOPES):
        raise UsageError(f"Scopes are {', '.join(SCOPES)}, joined by commas.")
    return wanted


def seconds_from(span: str) -> float | None:
    """Read how long a key holds: ``12h``, ``90d``, ``2w``, ``1y``, or ``never``.

    Raises:
        UsageError: It is none of these.
    """
    if span == "never":
        return None
    found = _SPAN.fullmatch(span)
    if found is None:
        raise UsageError("Say how long the key holds as 12h, 90d, 2w, 1y or never.")
    return int(found[1]) * _HOURS[found[2]] * 3600.0


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()
