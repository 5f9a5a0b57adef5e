"""Drawings: pictures, text boxes, charts, SmartArt and embedded objects, in DrawingML and in VML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractors.clean import safe_text
from extractors.docx import charts
from extractors.docx.names import (
    A_BLIP,
    ASVG,
    CX,
    DGM,
    MC_ALTERNATE,
    PIC,
    R_DM,
    R_EMBED,
    R_ID,
    R_LINK,
    W_P,
    W_SDT,
    W_TBL,
    W_TXBX_CONTENT,
    WNE,
    WP,
    C,
    O,
    V,
    a,
    is_on,
    number,
    w,
)
from extractors.docx.pieces import join
from extractors.docx.reading import Picture
from extractors.facts import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element as Element

    from extractors.docx.spans import Look, Span
    from extractors.docx.story import Story

    Size = tuple[int, int]
    Handler = Callable[[Story, Element, Size], None]

_NO_SIZE = (0, 0)
_BLOCKS = frozenset({W_P, W_TBL, W_SDT})
_VML_SIZE = re.compile(r"(?:^|;)\s*(width|height)\s*:\s*(\d{1,7}(?:\.\d{1,7})?)(pt|in|cm|mm|px)")
_VML_UNITS = {"pt": 12_700, "in": 914_400, "cm": 360_000, "mm": 36_000, "px": 9_525}  # EMU
_EXTENT, _DOC_PR = f"{{{WP}}}extent", f"{{{WP}}}docPr"
_PIC_PROPERTIES = f"{{{PIC}}}nvPicPr/{{{PIC}}}cNvPr"
_PIC_EXTENT = f"{{{PIC}}}spPr/{a('xfrm')}/{a('ext')}"


def drawn(story: Story, element: Element, _out: list[Span], look: Look | None) -> None:
    """Handle ``w:drawing``, ``w:pict`` and ``w:object``: all they show stands beside the flow."""
    story.gathered.markup += sum(1 for _ in element.iter())
    if story.visible(look):
        _walk(story, element, _NO_SIZE)


def _walk(story: Story, element: Element, size: Size) -> None:
    for child in element:
        handle = _HANDLERS.get(child.tag)
        if child.tag in _BLOCKS:
            # Text under a name nobody knew when this was written.
            _text_box(story, element, size)
            return
        if handle is not None:
            handle(story, child, size)
        elif len(child):
            _walk(story, child, size)


def _placed(story: Story, element: Element, _size: Size) -> None:
    """Handle ``wp:inline`` and ``wp:anchor``: a drawing with a size and an alternative text."""
    properties = element.find(_DOC_PR)
    if properties is not None:
        if properties.get("hidden") is not None and is_on(properties.get("hidden")):
            story.gathered.hidden = True
            return
        _alternative(story, properties)
    extent = element.find(_EXTENT)
    size = _NO_SIZE if extent is None else (number(extent.get("cx")), number(extent.get("cy")))
    _walk(story, element, size)


def _picture(story: Story, element: Element, size: Size) -> None:
    """Handle ``pic:pic``; in a group each picture has its own size and may have its own alternative text."""
    properties = element.find(_PIC_PROPERTIES)
    if properties is not None:
        _alternative(story, properties)
    extent = element.find(_PIC_EXTENT)
    if extent is not None:
        size = (number(extent.get("cx")), number(extent.get("cy")))
    _walk(story, element, size)


def _blip(story: Story, element: Element, size: Size) -> None:
    """Handle ``a:blip``: a stored picture, or a link to one."""
    _add_picture(story, element.get(R_EMBED) or element.get(R_LINK), size)
    for vector in element.iter(f"{{{ASVG}}}svgBlip"):
        relation = story.relations.get(vector.get(R_EMBED, ""))
        if relation is not None and not relation.external:
            story.gathered.parts.append(relation.target)


def _image_data(story: Story, element: Element, size: Size) -> None:
    """Handle ``v:imagedata``."""
    identity = element.get(R_ID) or element.get(f"{{{O}}}relid")
    if identity:
        _add_picture(story, identity, size)


def _add_picture(story: Story, identity: str | None, size: Size) -> None:
    story.reading.tally.images += 1
    relation = story.relations.get(identity or "")
    part = None
    if relation is not None and relation.external:
        story.reading.problem("linked-image")
    elif relation is None or relation.target not in story.reading.package.container:
        story.reading.problem("missing-image")
    else:
        part = relation.target
    story.gathered.pictures.append(Picture(part, *size))


def _shape(story: Story, element: Element, size: Size) -> None:
    """Handle a VML shape; its size stands in its style, in points, inches or the like."""
    edges = {name: float(value) * _VML_UNITS[unit] for name, value, unit in _VML_SIZE.findall(element.get("style", ""))}
    if "width" in edges and "height" in edges:
        size = (round(edges["width"]), round(edges["height"]))
    alternative = element.get("alt")
    if alternative:
        story.gathered.aside(" ".join(safe_text(alternative).split()), Role.IMAGE)
    _walk(story, element, size)


def _text_path(story: Story, element: Element, _size: Size) -> None:
    """Handle ``v:textpath``: WordArt, as in watermarks."""
    text = element.get("string")
    if text:
        story.reading.tally.text_boxes += 1
        story.gathered.aside(safe_text(text), story.aside_role or Role.TEXT_BOX)


def _text_box(story: Story, element: Element, _size: Size) -> None:
    """Handle ``w:txbxContent``."""
    story.reading.tally.text_boxes += 1
    story.gathered.boxes += 1
    before = len(story.gathered.asides)
    piece = join(story.flow(element))
    inner = story.gathered.asides[before:]
    del story.gathered.asides[before:]
    story.gathered.aside(piece.plain, story.aside_role or Role.TEXT_BOX, markdown=piece.markdown)
    story.gathered.asides.extend(inner)


def _text_body(story: Story, element: Element, _size: Size) -> None:
    """Handle ``a:txBody``: text of shapes on a locked canvas."""
    piece = charts.drawing_text(element)
    story.gathered.aside(piece.plain, story.aside_role or Role.TEXT_BOX, markdown=piece.markdown)


def _chart(story: Story, element: Element, _size: Size) -> None:
    """Handle ``c:chart`` and ``cx:chart``."""
    part = _related(story, element.get(R_ID))
    if part is None:
        return
    story.reading.tally.charts += 1
    if part in story.reading.told:
        return
    story.reading.told.add(part)
    package = story.reading.package
    root = package.optional(part, "A chart")
    if root is None:
        return
    piece, cut = charts.chart(root)
    if cut:
        story.reading.problem("chart-cut")
    story.gathered.aside(piece.plain, Role.TEXT_BOX, markdown=piece.markdown, label="chart")
    for relation in package.relations(part).values():
        if relation.external or relation.target not in package.container:
            continue
        story.gathered.parts.append(relation.target)
        if relation.kind == "chartUserShapes":
            shapes = package.optional(relation.target, "Shapes on a chart")
            if shapes is not None:
                words = charts.drawing_text(shapes)
                story.gathered.aside(words.plain, Role.TEXT_BOX, markdown=words.markdown, label="chart")


def _diagram(story: Story, element: Element, _size: Size) -> None:
    """Handle ``dgm:relIds``: SmartArt."""
    part = _related(story, element.get(R_DM))
    if part is None:
        return
    for name in ("lo", "qs", "cs"):
        _related(story, element.get(R_DM.replace("}dm", f"}}{name}")))
    if part in story.reading.told:
        return
    story.reading.told.add(part)
    root = story.reading.package.optional(part, "A diagram")
    if root is not None:
        piece = charts.drawing_text(root)
        story.gathered.aside(piece.plain, Role.TEXT_BOX, markdown=piece.markdown, label="diagram")


def _object(story: Story, element: Element, _size: Size) -> None:
    """Handle ``o:OLEObject`` and ``w:control``: embedded, never opened."""
    _related(story, element.get(R_ID))


def _alternate(story: Story, element: Element, size: Size) -> None:
    """Handle ``mc:AlternateContent``: one branch, the first that shows anything."""
    for branch in element:
        before = story.gathered.size
        _walk(story, branch, size)
        if story.gathered.size > before:
            return


def _related(story: Story, identity: str | None) -> str | None:
    """Return the part behind a relationship and count it to the block; None when there is none inside the file."""
    relation = story.relations.get(identity or "")
    if relation is None or relation.external or relation.target not in story.reading.package.container:
        return None
    story.gathered.parts.append(relation.target)
    return relation.target


def _alternative(story: Story, properties: Element) -> None:
    """Add the alternative text of a drawing once, though Word repeats it on the picture inside."""
    title, description = (" ".join(safe_text(properties.get(name) or "").split()) for name in ("title", "descr"))
    text = f"{title}: {description}" if title and description and title not in description else description or title
    if text and not any(aside.role is Role.IMAGE and aside.text == text for aside in story.gathered.asides[-3:]):
        story.gathered.aside(text, Role.IMAGE)


_HANDLERS: dict[str, Handler] = {
    f"{{{WP}}}inline": _placed,
    f"{{{WP}}}anchor": _placed,
    f"{{{PIC}}}pic": _picture,
    A_BLIP: _blip,
    f"{{{V}}}imagedata": _image_data,
    **dict.fromkeys(
        (f"{{{V}}}{name}" for name in ("shape", "rect", "roundrect", "oval", "line", "polyline", "group", "image")),
        _shape,
    ),
    f"{{{V}}}textpath": _text_path,
    W_TXBX_CONTENT: _text_box,
    f"{{{WNE}}}txbxContent": _text_box,  # what Word writes into Strict files
    a("txBody"): _text_body,
    f"{{{C}}}chart": _chart,
    f"{{{CX}}}chart": _chart,
    f"{{{DGM}}}relIds": _diagram,
    f"{{{O}}}OLEObject": _object,
    w("control"): _object,
    MC_ALTERNATE: _alternate,
}
