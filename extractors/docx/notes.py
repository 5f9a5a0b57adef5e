"""Footnotes, endnotes and comments: read where the body refers to them, once each, and none lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.docx.names import W_ID, W_TYPE, W_VAL, W, number, w
from extractors.docx.numerals import numeral
from extractors.docx.spans import Look
from extractors.facts import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

    from extractors.docx.opened import CommentRef
    from extractors.docx.spans import Span
    from extractors.docx.story import Story

_CUSTOM_MARK = f"{{{W}}}customMarkFollows"
_FURNITURE = frozenset({"separator", "continuationSeparator", "continuationNotice"})


class Notes:
    """The footnotes or the endnotes of a document.

    Attributes:
        role: FOOTNOTE or ENDNOTE.
        part: Their part; empty when there is none.
        share: Stored bytes of one note, about.
    """

    def __init__(self, role: Role, part: str, root: Element | None, stored_bytes: int) -> None:
        self.role = role
        self.part = part
        self._elements: dict[str, Element] = {}
        for element in root if root is not None else ():
            if element.tag in {w("footnote"), w("endnote")} and element.get(W_TYPE) not in _FURNITURE:
                self._elements.setdefault(element.get(W_ID, ""), element)
        self.share = stored_bytes / len(self._elements) if self._elements else 0.0
        self._labels: dict[str, str] = {}
        self._next = 1
        self._first = 1
        self._form = "decimal" if role is Role.FOOTNOTE else "lowerRoman"
        self._each_section = False

    def __len__(self) -> int:
        return len(self._elements)

    def configure(self, properties: Element | None) -> None:
        """Take number format, start and restart from a ``w:footnotePr`` or ``w:endnotePr``."""
        for child in properties if properties is not None else ():
            if child.tag == w("numFmt"):
                self._form = child.get(W_VAL, self._form)
            elif child.tag == w("numStart"):
                start = number(child.get(W_VAL), 1)
                self._next = start if self._next == self._first else self._next
                self._first = start
            elif child.tag == w("numRestart"):
                self._each_section = child.get(W_VAL) == "eachSect"

    def new_section(self) -> None:
        """Restart the numbers where the document says so."""
        if self._each_section:
            self._next = self._first

    def refer(self, identity: str, custom: str | None) -> tuple[str, Element | None]:
        """Return (label, element) of a note that the text refers to; the element only the first time.

        Args:
            identity: Id of the note.
            custom: The author's own mark; it takes no number.
        """
        if identity in self._labels:
            return self._labels[identity], None
        label = custom
        if label is None:
            label = numeral(self._next, self._form)
            self._next += 1
        self._labels[identity] = label
        return label, self._elements.get(identity)

    def orphans(self) -> Iterator[Element]:
        """Yield the notes that nothing referred to."""
        for identity, element in self._elements.items():
            if identity not in self._labels:
                yield element


class Comments:
    """The comments of a document.

    Attributes:
        part: Their part; empty when there is none.
        share: Stored bytes of one comment, about.
    """

    def __init__(self, part: str, comments: dict[str, CommentRef], stored_bytes: int) -> None:
        self.part = part
        self._comments = comments
        self.share = stored_bytes / len(comments) if comments else 0.0
        self._seen: set[str] = set()

    def __len__(self) -> int:
        return len(self._comments)

    def take(self, identity: str) -> CommentRef | None:
        """Return a comment the first time it is asked for, then None."""
        if identity in self._seen:
            return None
        self._seen.add(identity)
        return self._comments.get(identity)

    def orphans(self) -> Iterator[CommentRef]:
        """Yield the comments that nothing referred to."""
        for identity, comment in self._comments.items():
            if identity not in self._seen:
                yield comment


def footnote_reference(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    """Handle ``w:footnoteReference``."""
    _reference(story, story.reading.footnotes, element, out, look)


def endnote_reference(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    """Handle ``w:endnoteReference``."""
    _reference(story, story.reading.endnotes, element, out, look)


def comment_reference(story: Story, element: Element, _out: list[Span], _look: Look | None) -> None:
    """Handle ``w:commentReference`` and ``w:commentRangeEnd``, whichever comes first."""
    comment = story.reading.comments.take(element.get(W_ID, ""))
    if comment is not None:
        add_comment(story, comment)


def add_comment(story: Story, comment: CommentRef) -> None:
    """Add a comment beside the block being read."""
    comments = story.reading.comments
    piece = story.side_story(comments.part, comment.element)
    story.gathered.aside(piece.plain, Role.COMMENT, markdown=piece.markdown, label=comment.author or None)
    story.gathered.note_bytes += comments.share


def add_note(story: Story, notes: Notes, element: Element, label: str | None) -> None:
    """Add a footnote or endnote beside the block being read."""
    piece = story.side_story(notes.part, element)
    story.gathered.aside(piece.plain, notes.role, markdown=piece.markdown, label=label)
    story.gathered.note_bytes += notes.share


def _reference(story: Story, notes: Notes, element: Element, out: list[Span], look: Look | None) -> None:
    if not story.visible(look):
        return
    custom = _custom_mark(element) if element.get(_CUSTOM_MARK) in {"1", "true", "on"} else None
    label, note = notes.refer(element.get(W_ID, ""), custom)
    if custom is None:
        old = look or Look()
        out.append((f"[{label}]", Look(0, old.change, old.author, None, f"[^{label}]")))
    if note is not None:
        add_note(story, notes, note, label)


def _custom_mark(element: Element) -> str:
    """Return the text that follows in the run: the author's own mark."""
    return "".join(after.text or "" for after in element.itersiblings(w("t")))[:20] or "*"
