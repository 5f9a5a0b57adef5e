"""The nouns of judging: estimate, limit, verdict, plan, report.

All frozen. Ranges are low/likely/high. Money is a decimal string with a currency. ``None`` means unknown or not
applicable; an unknown is never replaced by a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from extractors.facts import DocumentFacts, Finding, Source
from preflight.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA = "preflight/report/1"
PLAN_SCHEMA = "preflight/plan/1"

Measure = Literal[
    "bytes", "pages", "tokens", "seconds", "images", "pixels-per-side", "megapixels", "page-points", "words"
]
LimitStatus = Literal["confirmed", "documented-via-mirror", "conflict", "unconfirmed", "user"]


class Verdict(StrEnum):
    """What to do with the document, in the order of how bad it is."""

    FITS = "fits"
    SPLIT = "split"
    REDUCE = "reduce"
    OCR_FIRST = "ocr-first"
    WONT_FIT = "wont-fit"
    UNREADABLE = "unreadable"


def fits_damaged(verdict: str, severities: Iterable[str]) -> bool:
    """Whether a document gets through and is not all there: pages are lost, which an error among its findings says.

    Args:
        verdict: The verdict, or its name.
        severities: How bad each finding is.
    """
    return verdict == Verdict.FITS and "error" in severities


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A whole number known only as an interval."""

    low: int
    likely: int
    high: int

    def __add__(self, other: Range) -> Range:
        return Range(low=self.low + other.low, likely=self.likely + other.likely, high=self.high + other.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondsRange:
    """Seconds as an interval."""

    low: float
    likely: float
    high: float

    def __add__(self, other: SecondsRange) -> SecondsRange:
        return SecondsRange(low=self.low + other.low, likely=self.likely + other.likely, high=self.high + other.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRange:
    """Money as an interval of decimal strings."""

    low: str
    likely: str
    high: str
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitMeasure:
    """What the text of one unit measures, taken in the worker so that the text itself need not travel.

    Attributes:
        number: Unit number.
        chars: Characters (code points).
        utf8_bytes: Bytes as UTF-8.
        words: White-space separated words.
        o200k: Tokens in OpenAI's o200k_base.
        cl100k: Tokens in OpenAI's cl100k_base.
        scripts: Characters by script class (``latin``, ``han``, … ``digit``, ``punct``; :mod:`preflight.scripts`), only
            non-zero entries.
        function_words: Occurrences of four frequent English words; tells English from other Latin text.
    """

    number: int
    chars: int
    utf8_bytes: int
    words: int
    o200k: int
    cl100k: int
    scripts: dict[str, int]
    function_words: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEstimate:
    """What one unit adds to a piece.

    Attributes:
        number: Unit number.
        tokens: Tokens the target will count for it (text, page image, or both).
        seconds: Seconds the target will work on it.
        local_seconds: Seconds of OCR here, if the unit needs it.
        bytes: Bytes it adds to a piece, before base64.
        words: Words of its text.
        images: Images the target counts for it.
    """

    number: int
    tokens: Range
    seconds: SecondsRange | None
    local_seconds: SecondsRange
    bytes: int
    words: int = 0
    images: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What the whole document costs at the target.

    Attributes:
        tokens: Input tokens; None when the target counts none and no target was named with a tokenizer.
        cost: Input price of all requests; None when unknown.
        seconds: Seconds on the server; None when the profile has no rate. Uncalibrated until measured.
        local_seconds: Seconds of OCR on this machine, for the units that need it.
        upload_bytes: Bytes on the wire, base64 included where the target's API needs it.
        basis: Where each figure comes from, for ``--explain``: figure → sentence, a part of a figure behind a dot
            (:mod:`preflight.basis`).
    """

    tokens: Range | None
    cost: CostRange | None
    seconds: SecondsRange | None
    local_seconds: SecondsRange
    upload_bytes: int
    basis: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One effective limit on one request or piece, with where it comes from.

    Attributes:
        measure: What is counted.
        max: Largest allowed value, in the measure's unit.
        by: Id of the target or hop that sets it, or ``user``.
        field: Name of the limit inside that profile.
        source: Address or document it was read in.
        as_of: Date of the source, as precise as known.
        status: How sure it is.
        encoded: For bytes: counts the encoded request (base64 and JSON around it), not the file.
        overhead_bytes: For bytes: what the request holds around the file and the limit counts too.
        note: Remark of the profile.
    """

    measure: Measure
    max: float
    by: str
    field: str
    source: str
    as_of: str
    status: LimitStatus
    encoded: bool = False
    overhead_bytes: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The limit that decides, with the document's value beside it.

    Attributes:
        limit: The measure (``pages``, ``bytes``, …).
        value: The document's value (the high end where it is an interval).
        max: The limit.
        margin: ``max - value``; negative when over.
        by: Profile that sets it.
        source: Where the limit was read.
        as_of: Date of that source.
        status: How sure the limit is.
        note: Remark of the profile.
    """

    limit: Measure
    value: float
    max: float
    margin: float
    by: str
    source: str
    as_of: str
    status: LimitStatus
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLimit:
    """One limit that was looked at, whether it decides or not, with the document's value beside it.

    Attributes:
        limit: The measure.
        value: The document's value (the high end where it is an interval, the largest unit where the limit is about
            units); None when unknown.
        max: The limit.
        by: Profile that sets it.
        field: Name of the limit inside that profile.
        source: Where the limit was read.
        as_of: Date of that source.
        status: How sure the limit is.
        note: Remark of the profile.
    """

    limit: Measure
    value: float | None
    max: float
    by: str
    field: str
    source: str
    as_of: str
    status: LimitStatus
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPiece:
    """One piece to be: a run of units.

    Attributes:
        index: From 1.
        first: Number of its first unit.
        last: Number of its last unit.
        tokens: Likely tokens; None when the target counts none, or nobody knows how.
        bytes: Estimated bytes of the piece as a file.
        seconds: Likely seconds at the target, None when unknown.
        reason: Why it ends where it does.
        rows: First and last row, where its one unit is a table that is divided by rows.
    """

    index: int
    first: int
    last: int
    tokens: int | None
    bytes: int
    seconds: float | None
    reason: str
    rows: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Cut points. ``oversize`` names units that are over a limit all by themselves."""

    pieces: tuple[PlannedPiece, ...]
    oversize: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRef:
    """The target as used: id, gateways on the way, model."""

    id: str
    hops: tuple[str, ...] = ()
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer of ``check``: one definition for command line, REST and batch (CONTRACT.md).

    Attributes:
        source: The document.
        facts: What was found in it; None when it could not be read.
        target: Where it is to go; None to speak of the document alone.
        estimate: What it comes to.
        verdict: What to do.
        binding: The limit that decides; None without limits, when no value is known, or when the target refuses the
            document whatever its size.
        findings: Why, and what to do next.
        plan: Where it would be cut; None without a target and where no piece would be taken.
        limits: Every limit that was looked at, the tightest of each measure.
        problem: Why it could not be read.
        schema: Version of this shape.
    """

    source: Source
    facts: DocumentFacts | None
    target: TargetRef | None
    estimate: Estimate | None
    verdict: Verdict
    binding: Binding | None
    findings: tuple[Finding, ...]
    plan: Plan | None
    limits: tuple[HeldLimit, ...] = ()
    problem: Problem | None = None
    schema: str = SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRecord:
    """The part of a report that ``preflight plan`` writes; fields as in :class:`Report`."""

    source: Source
    target: TargetRef | None
    verdict: Verdict
    plan: Plan | None
    problem: Problem | None = None
    schema: str = PLAN_SCHEMA
