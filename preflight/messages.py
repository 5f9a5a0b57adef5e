"""What the main process and its workers tell each other: arguments and answers of the tasks of reading.

Apart from :mod:`preflight.tasks`, so that the main process loads no code that reads documents.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from extractors.base import ReadLimits
from extractors.facts import DocumentFacts, Source, UnitText
from preflight.model import UnitMeasure
from preflight.vocabulary import Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a worker tells of a document: everything but its text.

    Attributes:
        source: The document.
        facts: Its facts.
        measures: What the text of each unit measures.
        prints: Fingerprint of each unit's native text, where they were asked for.
    """

    source: Source
    facts: DocumentFacts
    measures: tuple[UnitMeasure, ...]
    prints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTask:
    """Arguments of ``examine`` and ``text``.

    Attributes:
        name: Display name.
        password: Password, if one was given.
        encodings: Token encodings to count, of o200k and cl100k.
        limits: Safety limits.
        prints: Whether ``examine`` tells the fingerprint of each unit's text.
        skip: Units that have taken a worker down, and why (:data:`extractors.base.SKIPPED`).
        look: Whether pixels are looked at to tell what kind a unit is.
    """

    name: str
    password: str | None = None
    encodings: tuple[Encoding, ...] = ("o200k",)
    limits: ReadLimits = field(default_factory=ReadLimits)
    prints: bool = False
    skip: dict[int, str] = field(default_factory=dict)
    look: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognizeTask:
    """Arguments of ``recognize``.

    Attributes:
        name: Display name.
        numbers: Units to recognize.
        engine: Engine name or ``auto``.
        languages: Language codes.
        page_s: Seconds allowed for one unit.
        password: Password, if one was given.
        limits: Safety limits.
    """

    name: str
    numbers: tuple[int, ...]
    engine: str
    languages: tuple[str, ...]
    page_s: float
    password: str | None = None
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognized:
    """What OCR made of one unit: its text, or why there is none."""

    number: int
    text: UnitText | None = None
    error: str = ""
