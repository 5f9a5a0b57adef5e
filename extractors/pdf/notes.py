"""What is told about pages that could not be read as they should, gathered over a document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractors.base import SKIPPED
from extractors.facts import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.facts import Severity

_TOLD: dict[str, tuple[Severity, str]] = {
    "page-not-loaded": (
        "error",
        "These pages are damaged and cannot be loaded, so nothing is known of them. Export the document again; if a "
        "viewer does show them, print it to a new PDF.",
    ),
    "content-lost": (
        "error",
        "The content of these pages is gone or broken, so they look empty and nothing is known of them. The file was "
        "damaged or cut short on its way: download it again, or ask for it anew.",
    ),
    "content-damaged": (
        "error",
        "Part of what these pages draw is gone or broken, so that text or pictures of them are missing here. The file "
        "was damaged or cut short on its way: download it again, or ask for it anew.",
    ),
    "content-too-large": (
        "error",
        "The content of these pages unpacks to more than 75 MB, which is the limit, so nothing is known of them. Print "
        "the document to a new PDF to simplify them, or leave them out.",
    ),
    "page-not-drawn": (
        "error",
        "These pages have no text layer, and drawing them takes more time or memory than a page may take, so it is not "
        "known what they show. Print the document to a new PDF, or leave them out.",
    ),
    "page-size-impossible": (
        "error",
        "These pages are more than a thousand times as long as wide and cannot be drawn. Correct their page size, or "
        "leave them out.",
    ),
    **{
        why: (
            "error",
            f"Reading these pages {what}, so they were left out and nothing is known of them. Print the document to a "
            "new PDF, or leave them out.",
        )
        for why, what in SKIPPED.items()
    },
    "text-layer-lies": (
        "warning",
        "The text layer of these pages is not what they show (a broken encoding, or recognition in the wrong script). "
        "Have their text recognized again before you use it.",
    ),
    "text-unseen": (
        "warning",
        "These pages look empty but have text that nobody sees (invisible, or white on white); a service reads it all "
        "the same. Read it before you upload it.",
    ),
    "page-too-complex": (
        "warning",
        "These pages draw so many objects that only the first ones were counted. Print the document to a new PDF to "
        "simplify them.",
    ),
}


@dataclass(slots=True)
class PageNotes:
    """Numbers of pages by what is the matter with them."""

    _units: dict[str, list[int]] = field(default_factory=dict)

    def add(self, code: str, number: int) -> None:
        """Note that ``code``, a key of the table above, holds for a page."""
        self._units.setdefault(code, []).append(number)

    def findings(self) -> Iterator[Finding]:
        """Yield one finding for each matter, in the order of the table."""
        for code, (severity, message) in _TOLD.items():
            if code in self._units:
                yield Finding(severity=severity, code=code, message=message, units=tuple(self._units[code]))

    @property
    def cut_short(self) -> bool:
        """Whether something was left uncounted."""
        return "page-too-complex" in self._units
