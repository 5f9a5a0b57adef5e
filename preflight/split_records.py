"""What verifying and joining write for programs; ``preflight schema verification`` and ``schema joined`` publish it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from preflight.record_check import Discrepancy
from preflight.wire import adapter, json_bytes

if TYPE_CHECKING:
    from preflight.joiner import Joined
    from preflight.verifier import Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationRecord:
    """What ``preflight verify --json`` writes.

    Attributes:
        schema: Which definition it follows.
        ok: Whether nothing is amiss.
        discrepancies: Everything that is not as it should be; none where all is well.
        notes: Differences from the original that the manifest accounts for.
        pieces: Pieces of the manifest.
        units: Units in them.
        quarantined: Units that are in no piece, as the manifest says.
        against: Whether they were held against the original.
        compared: Units whose looks were compared with the original's.
    """

    schema: Literal["preflight/verification/1"] = "preflight/verification/1"
    ok: bool
    discrepancies: tuple[Discrepancy, ...]
    notes: tuple[Discrepancy, ...]
    pieces: int
    units: int
    quarantined: int
    against: bool
    compared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedRecord:
    """What ``preflight join --json`` writes.

    Attributes:
        schema: Which definition it follows.
        name: Name of the file that was written.
        size_bytes: Its size.
        units: Units in it.
        missing: Numbers of units that are in no piece, and so not in it.
    """

    schema: Literal["preflight/joined/1"] = "preflight/joined/1"
    name: str
    size_bytes: int
    units: int
    missing: tuple[int, ...]


def verification_json(found: Verification) -> bytes:
    """Return what verifying found as JSON."""
    record = VerificationRecord(
        ok=found.ok,
        discrepancies=found.discrepancies,
        notes=found.notes,
        pieces=found.pieces,
        units=found.units,
        quarantined=found.quarantined,
        against=found.against,
        compared=found.compared,
    )
    return json_bytes(adapter(VerificationRecord).dump_python(record, mode="json"))


def joined_json(joined: Joined) -> bytes:
    """Return what was put together as JSON."""
    record = JoinedRecord(
        name=joined.path.name, size_bytes=joined.size_bytes, units=joined.units, missing=joined.missing
    )
    return json_bytes(adapter(JoinedRecord).dump_python(record, mode="json"))
