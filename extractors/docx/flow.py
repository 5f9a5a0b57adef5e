"""Blocks inside blocks: the content of table cells, text boxes, notes, comments, headers and footers as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.docx import chunks, spans, tables
from extractors.docx.names import (
    MC_ALTERNATE,
    W_ALT_CHUNK,
    W_CUSTOM_XML,
    W_P,
    W_SDT,
    W_SDT_CONTENT,
    W_TBL,
)
from extractors.docx.pieces import NOTHING, Piece

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from extractors.docx.paragraphs import Line
    from extractors.docx.spans import Look
    from extractors.docx.story import Story

_INDENT = "  "


def flow(story: Story, container: Element, *, look: Look | None = None, cell: bool = False) -> list[Piece]:
    """Return the visible lines of a container of blocks.

    Args:
        story: The story it stands in.
        container: ``w:tc``, ``w:txbxContent``, ``w:footnote``, ``w:hdr`` …
        look: What all of it is set in.
        cell: It is a table cell: tables inside it are flattened and headings are not marked.
    """
    out: list[Piece] = []
    for child in container:
        _add(story, child, out, look=look, cell=cell)
    return out


def flow_of(story: Story, element: Element) -> list[Piece]:
    """Return the visible lines of one block-level element."""
    out: list[Piece] = []
    _add(story, element, out, look=None, cell=False)
    return out


def write(line: Line, *, cell: bool = False, marked: bool = True) -> Piece:
    """Write a paragraph with its list number or heading mark.

    Args:
        line: The paragraph.
        cell: It stands in a table cell, where headings are not marked.
        marked: Set tracked changes in CriticMarkup.
    """
    if not line.spans:
        return NOTHING
    simple = spans.is_plain(line.spans)
    text = spans.plain(line.spans, marked=marked and not simple).strip()
    if not text:
        return NOTHING
    heading = line.properties.heading_level
    if simple and line.number is None and heading is None and not line.properties.style.title:
        return Piece(text, text if cell else spans.escape_block(text))
    rich = text if simple else spans.markdown(line.spans, emphasis=heading is None, marked=marked).strip()
    before, before_rich = prefixes(line, cell=cell)
    if not before_rich and not cell:
        rich = spans.escape_block(rich)
    return Piece(before + text, before_rich + (rich.replace("\n", " ") if heading is not None else rich))


def prefixes(line: Line, *, cell: bool = False) -> tuple[str, str]:
    """Return what stands before a paragraph's text, as plain text and as Markdown."""
    heading, number = line.properties.heading_level, line.number
    label = "" if number is None or not number.text else f"{number.text} "
    if heading is not None:
        return label, ("" if cell else "#" * min(heading, 6) + " ") + label
    if line.properties.style.title:
        return label, ("" if cell else "# ") + label
    if number is None:
        return "", ""
    indent = "" if cell else _INDENT * number.level
    return indent + label, indent + ("- " if number.bullet else label)


def _add(story: Story, element: Element, out: list[Piece], *, look: Look | None, cell: bool) -> None:
    tag = element.tag
    if tag == W_P:
        out.append(write(story.paragraph(element, look), cell=cell))
    elif tag == W_TBL:
        out.extend(tables.nested(story, element, look=look, cell=cell))
    elif tag in {W_SDT, W_CUSTOM_XML}:
        content = element.find(W_SDT_CONTENT) if tag == W_SDT else element
        if content is not None:
            out.extend(flow(story, content, look=look, cell=cell))
    elif tag == MC_ALTERNATE:
        for branch in element:
            found = flow(story, branch, look=look, cell=cell)
            out.extend(found)
            if any(piece.plain for piece in found):
                return
    elif tag == W_ALT_CHUNK:
        out.extend(Piece(text, text) for text in chunks.text(story, element))
    elif len(element) and tag not in tables.PROPERTIES:
        _add_loose(story, element, out, look)


def _add_loose(story: Story, element: Element, out: list[Piece], look: Look | None) -> None:
    """Read run-level content that stands between paragraphs (equations, tracked changes)."""
    found: list[spans.Span] = []
    story.loose(element, found, look)
    text = spans.plain(found, marked=True).strip()
    if text:
        out.append(Piece(text, spans.markdown(found, marked=True).strip()))
