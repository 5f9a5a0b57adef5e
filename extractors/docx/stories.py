"""Headers and footers: read once each, at the first block of the section that brings them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.docx.names import w
from extractors.docx.numbering import Counters
from extractors.docx.opened import SectionPlan, StoryRef
from extractors.docx.pieces import join
from extractors.docx.reading import Gathered
from extractors.docx.story import Story
from extractors.facts import Role

if TYPE_CHECKING:
    from extractors.docx.package import Package
    from extractors.docx.reading import Reading
    from extractors.docx.units import Draft
    from extractors.facts import TextPart


class Stories:
    """Gives blocks the headers and footers of their sections, and numbers notes as each section wants it."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._pending = list(reading.opened.sections)
        self._begun: list[SectionPlan] = []
        self._seen: set[str] = set()
        self._due = 1
        if not reading.opened.sections_known:
            self._pending = [SectionPlan(stories=tuple(_all(reading.package)))]

    def begin(self) -> None:
        """Begin the sections that begin with the next block, before it is read: it may refer to notes already."""
        for _ in range(min(self._due, len(self._pending))):
            section = self._pending.pop(0)
            for notes, name in ((self._reading.footnotes, "footnotePr"), (self._reading.endnotes, "endnotePr")):
                if section.properties is not None:
                    notes.configure(section.properties.find(w(name)))
                notes.new_section()
            self._begun.append(section)
        self._due = 0

    def place(self, draft: Draft) -> None:
        """Give a block the headers and footers of the sections that began with it."""
        for section in self._begun:
            for story in section.stories:
                if story.part not in self._seen:
                    self._seen.add(story.part)
                    (draft.before if story.role is Role.HEADER else draft.after).extend(self._read(story))
        self._begun.clear()
        self._due = draft.sections

    def _read(self, story: StoryRef) -> list[TextPart]:
        root = self._reading.package.optional(story.part, f"A {story.role}")
        if root is None:
            return []
        gathered = Gathered()
        counters = Counters(self._reading.opened.numbering)
        walked = Story(self._reading, story.part, gathered, counters=counters, aside_role=story.role)
        counted = self._reading.tally.paragraphs
        piece = join(walked.flow(root))
        self._reading.tally.paragraphs = counted
        if gathered.hidden:
            self._reading.problem("hidden-text")
        beside = list(gathered.asides)
        gathered.aside(piece.plain, story.role, markdown=piece.markdown, label=story.label)
        if gathered.asides and not story.shown:
            self._reading.problem("header-off")
        return [*gathered.asides[len(beside) :], *beside]


def _all(package: Package) -> list[StoryRef]:
    """Return every header and footer of a document whose sections could not be told."""
    return [
        StoryRef(part, role, None, shown=True)
        for kind, role in (("header", Role.HEADER), ("footer", Role.FOOTER))
        for part in package.related(package.main, kind)
    ]
