"""The parts beside the body of a piece: notes, comments and what goes with them, numbering, settings, properties."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from extractors.docx.cutting import marks, notes, properties, sections
from extractors.docx.cutting.active import references
from extractors.docx.names import W_ID, w

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from extractors.docx.cutting.archive import Contents
    from extractors.docx.cutting.parts import Parts
    from extractors.docx.cutting.piece import Extent, Made

_COMMENT_PARTS = ("commentsIds", "commentsExtended", "commentsExtensible")
_COMMENT_REFERENCE = w("commentReference")


class Beside:
    """The parts beside the body of one source, parsed once.

    Attributes:
        notes: Root of the footnotes and of the endnotes by kind, where there are any.
        settings: Root of the settings.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._names = {each.relation.kind: each.part for each in parts.links(parts.main) if each.part is not None}
        self.notes = {
            kind: root for kind in ("footnote", "endnote") if (root := self._optional(f"{kind}s")) is not None
        }
        self._comments = self._optional("comments")
        self.settings = self._optional("settings")
        self._core = self._of_package(properties.CORE_KINDS)
        self._app = self._of_package(properties.APP_KINDS)

    def root(self, kind: str) -> Element | None:
        """Return a part that the main part points to, without what must go; None when there is none."""
        return self._optional(kind)

    def orphans(self, referred: dict[str, set[str]], comments: set[str]) -> tuple[dict[str, set[str]], set[str]]:
        """Return the notes by kind, and the comments, that nothing refers to: they go with the end of the document."""
        lost = {kind: notes.note_ids(root) - referred[kind] for kind, root in self.notes.items()}
        in_notes = {each.get(W_ID, "") for root in self.notes.values() for each in root.iter(_COMMENT_REFERENCE)}
        every = set() if self._comments is None else notes.comment_ids(self._comments)
        return lost, every - comments - in_notes

    def write(self, made: Made, extent: Extent, description: str, contents: Contents) -> None:
        """Put the parts beside a piece's body into its contents."""
        wanted = set(made.comments)
        for kind in self.notes:
            wanted |= self._write_notes(kind, made, contents)
        self._write_comments(wanted, made, contents)
        if made.numbering is not None and "numbering" in self._names:
            self._replace("numbering", marks.with_namespace(made.numbering), contents)
        self._write_settings(made, contents)
        self._write_properties(description, contents)
        if extent.first > 1 or extent.rows is not None:
            contents.dropped |= {
                each.part for each in self._parts.links("") if each.part and each.relation.kind == "thumbnail"
            }

    def _write_notes(self, kind: str, made: Made, contents: Contents) -> set[str]:
        """Write the notes referred to; return the comments they refer to."""
        part = self._names[f"{kind}s"]
        root = deepcopy(self.notes[kind])
        notes.keep_notes(root, made.notes[kind])
        if not len(root):
            contents.dropped.add(part)
            return set()
        self._replace(f"{kind}s", root, contents)
        contents.kept[part] = self._parts.referred(part, references([root]))
        made.authors |= notes.authors(root)
        return {each.get(W_ID, "") for each in root.iter(_COMMENT_REFERENCE)}

    def _write_comments(self, wanted: set[str], made: Made, contents: Contents) -> None:
        if self._comments is not None:
            root = deepcopy(self._comments)
            notes.keep_comments(root, wanted)
            made.authors |= notes.authors(root)
            if not notes.comment_ids(root):
                contents.dropped |= {self._names[kind] for kind in ("comments", *_COMMENT_PARTS) if kind in self._names}
            else:
                self._replace("comments", root, contents)
                contents.kept[self._names["comments"]] = self._parts.referred(
                    self._names["comments"], references([root])
                )
                self._write_beside_comments(notes.paragraph_ids(root), contents)
        people = self._optional("people")
        if people is not None:
            notes.keep_people(people, made.authors)
            if len(people):
                self._replace("people", people, contents)
            else:
                contents.dropped.add(self._names["people"])

    def _write_beside_comments(self, paragraphs: set[str], contents: Contents) -> None:
        durable: set[str] = set()
        for kind in _COMMENT_PARTS:
            root = self._optional(kind)
            if root is not None:
                durable |= notes.keep_beside(root, paragraphs, durable)
                self._replace(kind, root, contents)

    def _write_settings(self, made: Made, contents: Contents) -> None:
        if self.settings is None or (not made.note_starts and properties.update_fields(self.settings) is None):
            return
        root = deepcopy(self.settings)
        wish = properties.update_fields(root)
        if wish is not None:
            marks.change(wish, "false")
        for kind, value in made.note_starts.items():
            sections.start_notes_of_document(root, kind, value)
        self._replace("settings", marks.with_namespace(root), contents)

    def _write_properties(self, description: str, contents: Contents) -> None:
        core = properties.set_description(None if self._core is None else deepcopy(self._core[1]), description)
        if self._core is not None:
            contents.replaced[self._core[0]] = self._parts.written(self._core[0], core)
        elif self._parts.stored(properties.CORE_NAME) is None:
            contents.added[properties.CORE_NAME] = self._parts.written(properties.CORE_NAME, core)
            contents.types[properties.CORE_NAME] = properties.CORE_TYPE
            contents.added_kinds[properties.CORE_NAME] = properties.CORE_KIND
        if self._app is not None:
            app = deepcopy(self._app[1])
            properties.drop_counts(app)
            contents.replaced[self._app[0]] = self._parts.written(self._app[0], app)

    def _replace(self, kind: str, root: Element, contents: Contents) -> None:
        part = self._names[kind]
        contents.replaced[part] = self._parts.written(part, root)

    def _optional(self, kind: str) -> Element | None:
        part = self._names.get(kind)
        return None if part is None else self._parts.cleaned_root(part)

    def _of_package(self, kinds: frozenset[str]) -> tuple[str, Element] | None:
        for each in self._parts.links(""):
            if each.relation.kind in kinds and each.part is not None:
                return each.part, self._parts.root(each.part)
        return None
