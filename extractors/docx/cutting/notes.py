"""Footnotes, endnotes and comments of a piece: those its blocks refer to, and the parts that go with comments."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from lxml import etree

from extractors.docx.cutting.trees import take, values
from extractors.docx.names import MC_FALLBACK, W_ID, W_P, W_TYPE, W, w

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from lxml.etree import _Element as Element

FOOTNOTE_REFERENCE, ENDNOTE_REFERENCE = w("footnoteReference"), w("endnoteReference")
NOTE_REFERENCES = {FOOTNOTE_REFERENCE: "footnote", ENDNOTE_REFERENCE: "endnote"}
NOTE_TAGS = {kind: tag for tag, kind in NOTE_REFERENCES.items()}
_CUSTOM_MARK = w("customMarkFollows")
_ON = frozenset({"1", "true", "on"})
_W14 = "http://schemas.microsoft.com/office/word/2010/wordml"
_W15 = "http://schemas.microsoft.com/office/word/2012/wordml"
_CID = "http://schemas.microsoft.com/office/word/2016/wordml/cid"
_CEX = "http://schemas.microsoft.com/office/word/2018/wordml/cex"
_PARA_ID = f"{{{_W14}}}paraId"
# Entries of the parts beside the comments: tag → (attribute that names a paragraph, attribute that names its parent).
_BY_PARAGRAPH = {
    f"{{{_W15}}}commentEx": (f"{{{_W15}}}paraId", f"{{{_W15}}}paraIdParent"),
    f"{{{_CID}}}commentId": (f"{{{_CID}}}paraId", ""),
}
_DURABLE, _EXTENSIBLE, _DURABLE_EX = f"{{{_CID}}}durableId", f"{{{_CEX}}}commentExtensible", f"{{{_CEX}}}durableId"
_author_names = etree.XPath("//@w:author", namespaces={"w": W}, smart_strings=False)
_PERSON, _PERSON_AUTHOR = f"{{{_W15}}}person", f"{{{_W15}}}author"


class NoteReferences:
    """Which blocks refer to which footnotes and endnotes, collected in one pass.

    Attributes:
        ids: Notes referred to, by kind.
    """

    def __init__(self) -> None:
        self.ids: dict[str, set[str]] = {"footnote": set(), "endnote": set()}
        self._numbered: dict[str, list[int]] = {"footnote": [], "endnote": []}

    def see(self, number: int, element: Element) -> None:
        """Take note of a reference."""
        kind = NOTE_REFERENCES[str(element.tag)]
        identity = element.get(W_ID, "")
        if identity in self.ids[kind] or next(element.iterancestors(MC_FALLBACK), None) is not None:
            return
        self.ids[kind].add(identity)
        if element.get(_CUSTOM_MARK) not in _ON:
            self._numbered[kind].append(number)

    def count(self, kind: str, first: int, last: int) -> int:
        """Return how many numbered notes blocks ``first`` to ``last`` refer to."""
        numbered = self._numbered[kind]
        return bisect_right(numbered, last) - bisect_left(numbered, first)


def keep_notes(root: Element, wanted: AbstractSet[str]) -> bool:
    """Remove the notes that are not wanted; separators stay.

    Args:
        root: ``w:footnotes`` or ``w:endnotes``.
        wanted: Ids.

    Returns:
        Whether anything was removed.
    """
    gone = [each for each in root if each.get(W_TYPE, "normal") == "normal" and each.get(W_ID, "") not in wanted]
    for each in gone:
        root.remove(each)
    return bool(gone)


def note_ids(root: Element) -> set[str]:
    """Return the ids of the notes in a part, separators left out."""
    return {each.get(W_ID, "") for each in root if each.get(W_TYPE, "normal") == "normal"}


def keep_comments(root: Element, wanted: AbstractSet[str]) -> bool:
    """Remove the comments that are not wanted; return whether anything was removed."""
    gone = [each for each in root.iterchildren(w("comment")) if each.get(W_ID, "") not in wanted]
    for each in gone:
        root.remove(each)
    return bool(gone)


def comment_ids(root: Element) -> set[str]:
    """Return the ids of the comments in a part."""
    return {each.get(W_ID, "") for each in root.iterchildren(w("comment"))}


def paragraph_ids(root: Element) -> set[str]:
    """Return the ids of the paragraphs in the comments; the parts beside them go by these."""
    return {identity for each in root.iter(W_P) if (identity := each.get(_PARA_ID))}


def keep_beside(root: Element, paragraphs: AbstractSet[str], durable: AbstractSet[str]) -> set[str]:
    """Keep the entries of a part beside the comments that belong to kept comments.

    Args:
        root: Of ``commentsExtended``, ``commentsIds`` or ``commentsExtensible``.
        paragraphs: Ids of the paragraphs in the kept comments.
        durable: Durable ids of the kept comments, as ``commentsIds`` gives them.

    Returns:
        Durable ids met.
    """
    met: set[str] = set()
    for each in list(root):
        keys = _BY_PARAGRAPH.get(str(each.tag))
        if keys is not None and each.get(keys[0]) not in paragraphs:
            root.remove(each)
        elif keys is not None:
            met.add(each.get(_DURABLE, ""))
            if keys[1] and each.get(keys[1], "") not in paragraphs:
                take(each, keys[1])
        elif each.tag == _EXTENSIBLE and each.get(_DURABLE_EX) not in durable:
            root.remove(each)
    return met


def keep_people(root: Element, authors: AbstractSet[str]) -> None:
    """Keep the people that a piece names as authors."""
    for each in list(root.iterchildren(_PERSON)):
        if each.get(_PERSON_AUTHOR) not in authors:
            root.remove(each)


def authors(root: Element) -> set[str]:
    """Return everybody named as the author of a comment or a change below ``root``."""
    return set(values(_author_names, root))
