"""What goes into the ledger and comes out of it, as values."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from preflight.ledger.states import HookState, JobState, Status, UnitKind

Json = dict[str, Any]
"""Plain JSON data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job as asked for.

    Attributes:
        owner: Whose it is; work is shared out fairly between owners.
        key: Idempotency key: the same key of the same owner is the same job.
        request: Name of the stored settings it is done by (:class:`preflight.artifacts.Artifacts`).
        document: Where the document lies, as plain JSON.
        priority: Higher comes first.
        subject: What it is about, to find all jobs of one document.
        movable: Where it is known and has not ended, the place of its document is brought up to date.
        hook: Address to be told of its end, and the secret to sign with.
        asked_with: Id of the API key it is asked for with; empty where there are none.
    """

    owner: str
    key: str
    request: str
    document: Json
    priority: int = 0
    subject: str | None = None
    movable: bool = True
    hook: tuple[str, str] | None = field(default=None, repr=False)
    asked_with: str = ""

    @property
    def id(self) -> str:
        """The job's name, the same wherever and whenever the same job is asked for."""
        return job_id(self.owner, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A job that is safely in the ledger.

    Attributes:
        id: Its name.
        created: It was not there before.
        state: How far it is.
    """

    id: str
    created: bool
    state: JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A unit of work lent to one runner for a while.

    Attributes:
        job_id: The job.
        number: The unit within the job.
        token: Fencing token: a later loan of the same unit has a higher one, and only the latest may hand in.
        kind: What is to be done.
        request: Name of the stored settings.
        document: Where the document lies.
        first: First unit of the document it is about; 0 for all of it.
        last: The last.
        payload: What an earlier unit of the job left for this one.
    """

    job_id: str
    number: int
    token: int
    kind: UnitKind
    request: str
    document: Json
    first: int
    last: int
    payload: Json

    @property
    def place(self) -> tuple[str, int, int]:
        """Job, unit and token: what identifies this loan."""
        return self.job_id, self.number, self.token


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What is to be done after a plan: ranges of the document side by side, then the assembly.

    Attributes:
        ranges: First and last unit of each.
        payload: What each range and the assembly get along.
    """

    ranges: tuple[tuple[int, int], ...]
    payload: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How an attempt at a unit ended, to be written down.

    Attributes:
        job_id: The job.
        number: The unit.
        token: The token it was lent under.
        status: How it ended.
        receipt: Where the result lies, as plain JSON.
        follow_up: What is to be done next; None when this was the last step.
        problem: Why it failed, as plain JSON.
    """

    job_id: str
    number: int
    token: int
    status: Status
    receipt: Json | None = None
    follow_up: FollowUp | None = None
    problem: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What came of some settlements.

    Attributes:
        finished: Jobs that came to their end, in order.
        stale: Settlements that were dropped, because the unit had been lent to somebody else or was cancelled.
    """

    finished: tuple[str, ...] = ()
    stale: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far the work on a unit is.

    Attributes:
        phase: What is being done.
        count: How much of it is done.
        goal: How much there is to do; None when that is not known yet.
    """

    phase: str
    count: int
    goal: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a list goes on. Says nothing that the last entry did not: numbers of rows tell how much others send.

    Attributes:
        at: When the last entry was made, in seconds since 1970.
        id: Its id.
    """

    at: float
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job as it stands.

    Attributes:
        id: Its name.
        owner: Whose it is.
        key: Its idempotency key.
        state: How far it is.
        units_total: Units of work so far.
        units_done: Those that are done.
        units_dead: Those that were given up.
        document: Where its document lies.
        result: Receipt of the result; None while there is none.
        problem: Why it failed.
        created_at: Seconds since 1970.
        finished_at: The same; None while it has not ended.
        request: Name of the stored settings it is done by.
        revision: Counts every change that can be seen.
        reached: How far the work is; None before it begins.
        hook: Whether who wanted to be told of its end was; None where nobody did.
        asked_with: Id of the API key it was first asked for with; empty where there was none.
    """

    id: str
    owner: str
    key: str
    state: JobState
    units_total: int
    units_done: int
    units_dead: int
    document: Json
    result: Json | None
    problem: Json | None
    created_at: float
    finished_at: float | None
    request: str = ""
    revision: int = 0
    reached: Reached | None = None
    hook: HookState | None = None
    asked_with: str = ""

    @property
    def mark(self) -> Mark:
        """Where a list that ends with it goes on."""
        return Mark(at=self.created_at, id=self.id)


def job_id(owner: str, key: str) -> str:
    """Return the name of the job that ``owner`` asks for under ``key``."""
    return hashlib.sha256(json.dumps([owner, key]).encode()).hexdigest()[:32]


def to_text(data: Json) -> str:
    """Write JSON as ASCII: names of files may hold bytes that are no text, which databases refuse."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def from_text(text: str | None) -> Json | None:
    """Read what :func:`to_text` wrote."""
    return None if text is None else cast("Json", json.loads(text))
