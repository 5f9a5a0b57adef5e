"""python-docx opens the package and understands it; only the body is not its job.

python-docx would build the whole body as a tree of Python proxies (2 s and 100 MB for 2,000 pages). So it is given a
view of the package made in memory: the same styles, numbering, settings, comments and core properties, stubs of the
headers and footers, and a main part that holds nothing but the section properties. Strict files arrive in the
Transitional spelling and macro-enabled ones under the plain content type; as they are, python-docx refuses both.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from xml.sax.saxutils import quoteattr

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.exceptions import PythonDocxError
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.exceptions import OpcError
from lxml import etree

from extractors.clean import safe_label
from extractors.docx import names, sections
from extractors.docx.names import W_VAL, is_on, w
from extractors.docx.numbering import Numbering
from extractors.docx.styles import RawStyle, StyleTable
from extractors.errors import DamagedDocument
from extractors.facts import Role

if TYPE_CHECKING:
    from docx.document import Document
    from docx.opc.part import XmlPart
    from docx.section import Section
    from lxml.etree import _Element as Element

    from extractors.docx.package import Package

_KINDS = {
    WD_STYLE_TYPE.PARAGRAPH: "paragraph",
    WD_STYLE_TYPE.CHARACTER: "character",
    WD_STYLE_TYPE.TABLE: "table",
    WD_STYLE_TYPE.LIST: "numbering",
}
# Relationship kind → (content type, relationship type, what it is called in messages). Parsed by python-docx.
_PARTS = {
    "styles": (CONTENT_TYPE.WML_STYLES, RELATIONSHIP_TYPE.STYLES, "The style sheet"),
    "numbering": (CONTENT_TYPE.WML_NUMBERING, RELATIONSHIP_TYPE.NUMBERING, "The list numbering"),
    "settings": (CONTENT_TYPE.WML_SETTINGS, RELATIONSHIP_TYPE.SETTINGS, "The settings"),
    "comments": (CONTENT_TYPE.WML_COMMENTS, RELATIONSHIP_TYPE.COMMENTS, "The comments"),
}
_STORIES = {
    "header": (CONTENT_TYPE.WML_HEADER, RELATIONSHIP_TYPE.HEADER, f'<w:hdr xmlns:w="{names.W}"/>'),
    "footer": (CONTENT_TYPE.WML_FOOTER, RELATIONSHIP_TYPE.FOOTER, f'<w:ftr xmlns:w="{names.W}"/>'),
}
_EMPTY_BODY = f'<w:document xmlns:w="{names.W}"><w:body/></w:document>'.encode()
_DAMAGE = (OpcError, PythonDocxError, etree.XMLSyntaxError, KeyError, ValueError, AttributeError, TypeError)


@dataclass(frozen=True, slots=True)
class StoryRef:
    """A header or footer as a section uses it.

    Attributes:
        part: Its part name.
        role: Header or footer.
        label: ``first page`` or ``even pages``; None for the ordinary one.
        shown: It is switched on: a section has a different first page, or the document different even pages.
    """

    part: str
    role: Role
    label: str | None
    shown: bool


@dataclass(frozen=True, slots=True)
class SectionPlan:
    """What a section brings besides its blocks.

    Attributes:
        stories: Headers and footers it defines itself; inherited ones are not repeated.
        properties: Its ``w:sectPr`` element.
    """

    stories: tuple[StoryRef, ...] = ()
    properties: Element | None = None


@dataclass(frozen=True, slots=True)
class CommentRef:
    """A comment: its author and its ``w:comment`` element."""

    author: str
    element: Element


@dataclass(frozen=True, slots=True)
class Opened:
    """What python-docx made of the package.

    Attributes:
        title: Title from the core properties, made safe to print.
        styles: Style table.
        numbering: List definitions.
        sections: One entry a section, in order; empty when the document has none.
        comments: By id, in the order of the comments part.
        settings: ``w:settings`` element, None when there is none.
        sections_known: False when the sections could not be told beforehand: then headers belong to the first block.
    """

    title: str = ""
    styles: StyleTable = field(default_factory=StyleTable)
    numbering: Numbering = field(default_factory=Numbering)
    sections: tuple[SectionPlan, ...] = ()
    comments: dict[str, CommentRef] = field(default_factory=dict)
    settings: Element | None = None
    sections_known: bool = True


def open_package(package: Package, document: bytes) -> Opened:
    """Open ``package`` with python-docx without its body.

    Args:
        package: The package behind the gate.
        document: The main part's XML, to take the section properties from.

    Raises:
        DamagedDocument: python-docx does not understand the package.
    """
    found = sections.find(document)
    tree = sections.skeleton(document, found) if found else None
    known = found is not None and (tree is not None or not found)
    view, parts = _view(package, tree)
    properties = [] if tree is None else list(tree.iter(names.W_SECT_PR))
    try:
        return _understand(docx.Document(view), parts, properties, known=known)
    except _DAMAGE as error:
        raise DamagedDocument(
            f"Styles, numbering or sections of the document are broken ({safe_label(str(error))}). "
            "Open the file in Word or LibreOffice and save it anew as .docx."
        ) from error


def _view(package: Package, tree: etree._ElementTree | None) -> tuple[io.BytesIO, frozenset[str]]:
    """Return the package as python-docx shall see it, and the kinds of parts in it."""
    overrides = {package.main: CONTENT_TYPE.WML_DOCUMENT_MAIN}
    contents: dict[str, bytes | str] = {}
    links: list[tuple[str, str, str]] = []
    for relation in package.relations(package.main).values():
        known = _PARTS.get(relation.kind) or _STORIES.get(relation.kind)
        if known is None or relation.external or relation.target not in package.container:
            continue
        if relation.target not in contents:
            data = _part_data(package, relation.kind, relation.target)
            if data is None:
                continue
            contents[relation.target] = data
            overrides[relation.target] = known[0]
        links.append((relation.id, known[1], f"/{relation.target}"))
    if tree is not None:
        _mend_references(tree.getroot(), {link[0] for link in links})
    package_links = [("rId1", RELATIONSHIP_TYPE.OFFICE_DOCUMENT, f"/{package.main}")]
    for part in package.related("", names.CORE_PROPERTIES)[:1]:
        if package.optional(part, "The document properties") is not None:
            contents[part] = package.data(part)
            overrides[part] = CONTENT_TYPE.OPC_CORE_PROPERTIES
            package_links.append(("rId2", RELATIONSHIP_TYPE.CORE_PROPERTIES, f"/{part}"))
    contents[package.main] = _EMPTY_BODY if tree is None else etree.tostring(tree)
    view = _write_view(contents, overrides, {"": package_links, package.main: links})
    return view, frozenset(kind for _, kind, _ in links) | frozenset(kind for _, kind, _ in package_links)


def _part_data(package: Package, kind: str, part: str) -> bytes | str | None:
    """Return what python-docx shall find in a part; None when the part is broken and left out."""
    if kind in _STORIES:
        return _STORIES[kind][2]
    if package.optional(part, _PARTS[kind][2]) is None:
        return None
    return package.data(part)


def _mend_references(root: Element, known: set[str]) -> None:
    """Remove references to headers and footers that are not in the package; one without a type is the default one."""
    for tag in (w("headerReference"), w("footerReference")):
        for reference in list(root.iter(tag)):
            parent = reference.getparent()
            if reference.get(names.R_ID) not in known and parent is not None:
                parent.remove(reference)
            elif reference.get(names.W_TYPE) is None:
                reference.set(names.W_TYPE, "default")


def _write_view(
    contents: dict[str, bytes | str], overrides: dict[str, str], links: dict[str, list[tuple[str, str, str]]]
) -> io.BytesIO:
    view = io.BytesIO()
    with zipfile.ZipFile(view, "w", zipfile.ZIP_STORED) as archive:
        types = "".join(
            f"<Override PartName={quoteattr('/' + part)} ContentType={quoteattr(kind)}/>"
            for part, kind in overrides.items()
        )
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{names.TYPES}">{types}</Types>')
        for source, relations in links.items():
            folder, _, name = source.rpartition("/")
            place = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
            body = "".join(
                f"<Relationship Id={quoteattr(identity)} Type={quoteattr(kind)} Target={quoteattr(target)}/>"
                for identity, kind, target in relations
            )
            archive.writestr(place, f'<Relationships xmlns="{names.RELATIONS}">{body}</Relationships>')
        for part, data in contents.items():
            archive.writestr(part, data)
    view.seek(0)
    return view


def _understand(document: Document, parts: frozenset[str], properties: list[Element], *, known: bool) -> Opened:
    """Collect what the reader needs. Parts that are not in the view are not asked for: python-docx makes them up."""
    main = document.part
    styles = StyleTable(_raw_styles(document)) if RELATIONSHIP_TYPE.STYLES in parts else StyleTable()
    numbering = Numbering()
    if RELATIONSHIP_TYPE.NUMBERING in parts:
        numbering = Numbering(main.numbering_part.element, styles.numbering_styles())
    settings = document.settings if RELATIONSHIP_TYPE.SETTINGS in parts else None
    even = settings is not None and settings.odd_and_even_pages_header_footer
    comments = {}
    if RELATIONSHIP_TYPE.COMMENTS in parts:
        element = cast("XmlPart", main.part_related_by(RELATIONSHIP_TYPE.COMMENTS)).element
        comments = {
            each.get(names.W_ID, ""): CommentRef(safe_label(each.get(names.W_AUTHOR, "")), each)
            for each in element.iterchildren(w("comment"))
        }
    first = any(section.different_first_page_header_footer for section in document.sections)
    title = document.core_properties.title if RELATIONSHIP_TYPE.CORE_PROPERTIES in parts else ""
    return Opened(
        title=safe_label(title),
        styles=styles,
        numbering=numbering,
        sections=tuple(
            _plan(section, own, first=first, even=even)
            for section, own in zip(document.sections, properties, strict=True)
        ),
        comments=comments,
        settings=None if settings is None else settings.element,
        sections_known=known,
    )


def _raw_styles(document: Document) -> list[RawStyle]:
    found = []
    for style in document.styles:
        element = style.element
        based_on = element.find(w("basedOn"))
        found.append(
            RawStyle(
                id=style.style_id or "",
                name=style.name or "",
                base=None if based_on is None else based_on.get(W_VAL),
                kind=_KINDS.get(style.type, "paragraph"),
                element=element,
                default=element.get(w("default")) is not None and is_on(element.get(w("default"))),
            )
        )
    return found


def _plan(section: Section, properties: Element, *, first: bool, even: bool) -> SectionPlan:
    slots = (
        (section.header, Role.HEADER, None, True),
        (section.first_page_header, Role.HEADER, "first page", first),
        (section.even_page_header, Role.HEADER, "even pages", even),
        (section.footer, Role.FOOTER, None, True),
        (section.first_page_footer, Role.FOOTER, "first page", first),
        (section.even_page_footer, Role.FOOTER, "even pages", even),
    )
    return SectionPlan(
        stories=tuple(
            StoryRef(str(story.part.partname).lstrip("/"), role, label, shown)
            for story, role, label, shown in slots
            if not story.is_linked_to_previous
        ),
        properties=properties,
    )
