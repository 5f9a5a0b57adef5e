"""What the verdict looks at: the target's relevant properties, and everything about one document in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from extractors.facts import DocumentFacts
    from preflight.margins import Reading
    from preflight.model import LimitStatus, Plan
    from preflight.profile import Refusal, Sees, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetView:
    """How one target takes one media type.

    Attributes:
        id: Id for people and commands.
        sees: How it sees the document; None when the profile does not say.
        refuses: Properties of documents it does not take.
        status: How sure that is.
        source: Where it was read; empty when nobody said so.
        note: Remark of the profile.
        takes: Media types it is known to take, sorted.
    """

    id: str
    sees: Sees | None
    refuses: tuple[Refusal, ...] = ()
    status: LimitStatus = "unconfirmed"
    source: str = ""
    note: str = ""
    takes: tuple[str, ...] = ()

    @property
    def takes_text(self) -> bool:
        """Whether it may take plain text: a target that does not say what it takes is not known to refuse it."""
        return not self.takes or "text/plain" in self.takes

    @classmethod
    def of(cls, target: Target, media_type: str) -> TargetView:
        """Take from a target in its mode what matters for one media type."""
        known = {media for entry in target.accepts for media in entry.media}
        takes = [media for media in sorted(known) if (seen := target.acceptance(media)) and seen.sees != "refused"]
        entry = target.acceptance(media_type)
        if entry is None:
            return cls(id=target.ref, sees=None, takes=tuple(takes))
        return cls(
            id=target.ref,
            sees=entry.sees,
            refuses=entry.refuses,
            status=entry.status,
            source=entry.fact.url if entry.fact else "",
            note=entry.note or (entry.fact.note if entry.fact else ""),
            takes=tuple(takes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One document before one target, with every limit read.

    Attributes:
        media_type: Media type of the document.
        facts: Its facts.
        target: The receiving side; None for the document alone.
        readings: Limits with the document's values.
        plan: The planned pieces, if any.
    """

    media_type: str
    facts: DocumentFacts
    target: TargetView | None
    readings: tuple[Reading, ...]
    plan: Plan | None

    @property
    def scans(self) -> tuple[int, ...]:
        """Numbers of units whose visible text is missing from the text layer."""
        return tuple(unit.number for unit in self.facts.units if unit.needs_ocr)

    @property
    def sees_images(self) -> bool:
        """Whether the target is known to look at pages, so that a scan is no loss.

        A service that indexes text and takes image files must read the text off them; of a PDF nobody said so.
        """
        if self.target is None:
            return False
        if self.target.sees == "retrieval":
            return self.media_type.startswith("image/")
        return self.target.sees in {"image", "text+image"}
