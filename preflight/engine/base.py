"""The seam between the ledger's runner and whatever runs units of work: this machine, or a cluster.

A unit is plain JSON under 4 KB and may run anywhere the store of results can be reached, any number of times: results
are named by their content and only a receipt comes back. What runs is :func:`preflight.engine.work.run_unit`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from preflight.errors import UsageError
from preflight.ledger.records import Settlement

if TYPE_CHECKING:
    from preflight.ledger.records import FollowUp, Json, Reached
    from preflight.ledger.states import Status, UnitKind

MAX_UNIT_BYTES = 4096

Place = tuple[str, int, int]
"""Job, unit and token of a loan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit of work on its way to wherever it runs.

    Attributes:
        job_id: The job.
        number: The unit within the job.
        token: The fencing token it was lent under.
        kind: What is to be done.
        request: Name of the stored settings (:class:`preflight.engine.request.Request`).
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
    def place(self) -> Place:
        """What identifies this loan."""
        return self.job_id, self.number, self.token

    def to_json(self) -> str:
        """Write it as ASCII JSON.

        Raises:
            UsageError: It is more than a unit may be; large things go through the store.
        """
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        if len(text) > MAX_UNIT_BYTES:
            raise UsageError(f"A unit of work has {len(text):,} bytes and may have {MAX_UNIT_BYTES:,}.")
        return text

    @classmethod
    def from_json(cls, text: str) -> Unit:
        """Read what :meth:`to_json` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOutcome:
    """How an attempt at a unit ended; the results themselves are in the store.

    Attributes:
        place: Job, unit and token.
        status: How it ended.
        receipt: Names of results.
        follow_up: What is to be done next.
        problem: What is the matter, as plain JSON: of the document where the status is ``ok``, else of the attempt.
    """

    place: Place
    status: Status
    receipt: Json | None = None
    follow_up: FollowUp | None = None
    problem: Json | None = None

    def settlement(self) -> Settlement:
        """Return what the ledger is to write down."""
        job_id, number, token = self.place
        return Settlement(
            job_id=job_id,
            number=number,
            token=token,
            status=self.status,
            receipt=self.receipt,
            follow_up=self.follow_up,
            problem=self.problem,
        )


class Engine(Protocol):
    """Runs units somewhere and holds no durable state."""

    name: str

    def start(self) -> None:
        """Get ready; called once, before anything else."""
        ...

    def slots(self) -> int:
        """Return how many more units may be handed over now; 0 when there is work enough."""
        ...

    def submit(self, unit: Unit) -> None:
        """Take a unit; never waits."""
        ...

    def poll(self, timeout_s: float) -> list[UnitOutcome]:
        """Return what has ended since, waiting up to ``timeout_s`` seconds for the first."""
        ...

    def cancel(self, place: Place) -> None:
        """End a unit, hard: the process that works on it dies. Its outcome says ``cancelled``, unless it came first."""
        ...

    def stop(self) -> None:
        """End everything; units under way have no outcome. Nothing may be called afterwards."""
        ...


@runtime_checkable
class Telling(Protocol):
    """Optional for an engine: it tells how far the work on units is."""

    def reached(self) -> dict[Place, Reached]:
        """Return how far units are that got on since the last call."""
        ...
