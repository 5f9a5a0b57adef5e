"""API keys in the ledger's database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import case, insert, or_, select, update

from preflight.errors import UsageError
from preflight.keys import ApiKey, NewKey, new_key
from preflight.ledger.database import Database
from preflight.ledger.migrate import migrate
from preflight.ledger.schema import api_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from types import TracebackType

    from sqlalchemy import URL, Connection, Row

DAY_S = 86_400
MAX_NAME = 200
_CONNECTIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """What a key was used for since it was last written down.

    Attributes:
        at: When last, in seconds since 1970 by the clock of the database.
        count: Bytes that came.
    """

    at: float
    count: int


class KeyStore:
    """Keys; may be used from several threads and programs at once."""

    def __init__(
        self, url: str | URL, *, away_s: float | None = None, clock: Callable[[], float] | None = None
    ) -> None:
        """Open the database; make or upgrade its tables.

        Args:
            url: As for :class:`preflight.ledger.store.Ledger`.
            away_s: As there.
            clock: Seconds since 1970; the database's own clock when None.

        Raises:
            SettingsError: The address names no database that can be used.
            LedgerUnavailable: It cannot be opened, or is from a newer version.
        """
        self._database = Database(url, away_s=away_s, clock=clock, pool=_CONNECTIONS)
        try:
            self._database.write(migrate)
        except BaseException:
            self._database.close()
            raise

    def create(
        self,
        *,
        scopes: Collection[str],
        label: str = "",
        tenant: str | None = None,
        holds_s: float | None = None,
        requests_per_minute: int | None = None,
        bytes_per_day: int | None = None,
    ) -> tuple[ApiKey, NewKey]:
        """Make a key. What this returns is on disk, but for the secret.

        Args:
            scopes: What it may do.
            label: What to call it.
            tenant: Whose documents it reaches; a tenant of its own when None.
            holds_s: Seconds until it expires; None for never.
            requests_per_minute: Its own limit.
            bytes_per_day: Its own limit.

        Raises:
            UsageError: A name is too long, or has characters that do not show.
        """
        made = new_key()
        for name in (label, tenant or ""):
            if len(name) > MAX_NAME or not name.isprintable():
                raise UsageError(f"A name has at most {MAX_NAME} characters, all of which show.")

        def work(connection: Connection) -> ApiKey:
            now = connection.execute(select(self._database.now())).scalar_one()
            row = {
                "id": made.id,
                "tenant": tenant or made.id,
                "label": label,
                "digest": made.digest,
                "scopes": ",".join(sorted(scopes)),
                "created_at": now,
                "expires_at": None if holds_s is None else now + holds_s,
                "requests_per_minute": requests_per_minute,
                "bytes_per_day": bytes_per_day,
                "day": 0,
                "day_bytes": 0,
            }
            connection.execute(insert(api_keys), [row])
            return _key(connection.execute(select(api_keys).where(api_keys.c.id == made.id)).one(), now)

        return self._database.write(work), made

    def find(self, key_id: str) -> tuple[ApiKey, str, float] | None:
        """Return a key, its digest, and the time; None when there is none with this id."""

        def work(connection: Connection) -> tuple[ApiKey, str, float] | None:
            statement = select(api_keys, self._database.now().label("now")).where(api_keys.c.id == key_id)
            row = connection.execute(statement).one_or_none()
            return None if row is None else (_key(row, row.now), row.digest, row.now)

        return self._database.read(work)

    def list(self) -> list[ApiKey]:
        """Return all keys, oldest first."""

        def work(connection: Connection) -> list[ApiKey]:
            statement = select(api_keys, self._database.now().label("now"))
            rows = connection.execute(statement.order_by(api_keys.c.created_at, api_keys.c.id))
            return [_key(row, row.now) for row in rows]

        return self._database.read(work)

    def revoke(self, key_id: str) -> bool:
        """End a key for good; False when there is none with this id that holds."""

        def work(connection: Connection) -> bool:
            held = api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)
            done = connection.execute(update(api_keys).where(*held).values(revoked_at=self._database.now()))
            return done.rowcount > 0

        return self._database.write(work)

    def used(self, uses: Mapping[str, KeyUse]) -> None:
        """Write down in one transaction, by their ids, that keys were used.

        Bytes count for the day of the use; those of a day before the one that is counted are over and left out.
        """

        def work(connection: Connection) -> None:
            for key_id, use in sorted(uses.items()):  # in one order, so that two programs do not wait for each other
                today, counted = int(use.at // DAY_S), api_keys.c.day
                total = case((counted == today, api_keys.c.day_bytes + use.count), else_=use.count)
                earlier = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < use.at)
                values = {
                    "last_used_at": case((earlier, use.at), else_=api_keys.c.last_used_at),
                    "day": case((counted > today, counted), else_=today),
                    "day_bytes": case((counted > today, api_keys.c.day_bytes), else_=total),
                }
                connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(values))

        self._database.write(work, durable=False)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _key(row: Row[Any], now: float) -> ApiKey:
    return ApiKey(
        id=row.id,
        tenant=row.tenant,
        label=row.label,
        scopes=frozenset(row.scopes.split(",")),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        requests_per_minute=row.requests_per_minute,
        bytes_per_day=row.bytes_per_day,
        day_bytes=row.day_bytes if row.day == int(now // DAY_S) else 0,
    )
