"""What each element inside a paragraph does: one row an element.

Elements that are not in the table are walked through when they hold others, so that text inside markup nobody knew
when this was written is still found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.clean import safe_label
from extractors.docx import drawing, fields, notes
from extractors.docx.changes import changed_look
from extractors.docx.equations import linear
from extractors.docx.names import (
    M_MATH,
    M_MATH_PARA,
    MC_ALTERNATE,
    R_ID,
    W_DEL,
    W_INS,
    W_MOVE_FROM,
    W_MOVE_TO,
    W_PPR,
    W_RPR,
    W_SDT,
    W_SDT_CONTENT,
    W_T,
    w,
)
from extractors.docx.spans import Look
from extractors.docx.symbols import symbol

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element as Element

    from extractors.docx.spans import Span
    from extractors.docx.story import Story

    Handler = Callable[[Story, Element, list[Span], Look | None], None]

_FONT, _CHAR = w("font"), w("char")
_BREAKS = {w("tab"): "\t", w("ptab"): "\t", w("br"): "\n", w("cr"): "\n", w("noBreakHyphen"): "\u2011"}


def unknown(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    """Walk through an element that only wraps others."""
    if len(element):
        story.content(element, out, look)


def _nothing(_story: Story, _element: Element, _out: list[Span], _look: Look | None) -> None:
    """Do nothing: the element shows nothing."""


def _text(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    if element.text:
        story.text(element.text, out, look, element)


def _break(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    if story.visible(look):
        out.append((_BREAKS[element.tag], look))


def _symbol(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    story.text(symbol(element.get(_FONT, ""), element.get(_CHAR, "")), out, look)


def _changed(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    """Handle run-level ``w:ins``, ``w:del``, ``w:moveFrom`` and ``w:moveTo``."""
    story.reading.tally.count_change(element.tag)
    story.content(element, out, changed_look(element, look))


def _hyperlink(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    story.reading.tally.hyperlinks += 1
    relation = story.relations.get(element.get(R_ID, ""))
    if relation is not None and relation.external:
        old = look or Look()
        look = Look(old.flags, old.change, old.author, safe_label(relation.target, 2_000))
    story.content(element, out, look)


def _equation(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    story.reading.tally.equations += 1
    story.gathered.equation = True
    story.text(linear(element), out, look)


def _equations(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    """Handle ``m:oMathPara``: equations on lines of their own."""
    for child in element:
        if child.tag != M_MATH:
            story.content(child, out, look) if len(child) and not child.tag.endswith("Pr") else None
            continue
        if out and not out[-1][0].endswith("\n"):
            out.append(("\n", look))
        _equation(story, child, out, look)


def _ruby(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    """Write ruby as ``base(reading)``."""
    for child in element.iterchildren(w("rubyBase")):
        story.content(child, out, look)
    reading: list[Span] = []
    for child in element.iterchildren(w("rt")):
        story.content(child, reading, look)
    if reading:
        out.extend([("(", look), *reading, (")", look)])


def _control(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    """Handle an inline content control."""
    for child in element.iterchildren(W_SDT_CONTENT):
        story.content(child, out, look)


def _alternate(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    """Handle ``mc:AlternateContent``: one branch, the first that shows anything, and never both."""
    shown = False
    for branch in element:
        if shown:
            story.gathered.markup += sum(1 for _ in branch.iter())
            continue
        before = len(out) + story.gathered.size
        story.content(branch, out, look)
        shown = len(out) + story.gathered.size > before


def _sub_document(story: Story, _element: Element, _out: list[Span], _look: Look | None) -> None:
    story.reading.problem("sub-document")


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_BREAKS, _break),
    **dict.fromkeys((W_INS, W_DEL, W_MOVE_FROM, W_MOVE_TO), _changed),
    W_T: _text,
    w("delText"): _text,
    w("sym"): _symbol,
    w("hyperlink"): _hyperlink,
    w("ruby"): _ruby,
    w("subDoc"): _sub_document,
    W_SDT: _control,
    M_MATH: _equation,
    M_MATH_PARA: _equations,
    MC_ALTERNATE: _alternate,
    w("fldChar"): fields.character,
    w("instrText"): fields.instruction,
    w("fldSimple"): fields.simple,
    w("footnoteReference"): notes.footnote_reference,
    w("endnoteReference"): notes.endnote_reference,
    w("commentReference"): notes.comment_reference,
    w("commentRangeEnd"): notes.comment_reference,
    w("drawing"): drawing.drawn,
    w("pict"): drawing.drawn,
    w("object"): drawing.drawn,
    **dict.fromkeys(
        (
            W_PPR, W_RPR, *(w(name) for name in (
                "proofErr", "bookmarkStart", "bookmarkEnd", "lastRenderedPageBreak", "softHyphen", "delInstrText",
                "commentRangeStart", "permStart", "permEnd", "annotationRef", "footnoteRef", "endnoteRef", "separator",
                "continuationSeparator", "pgNum", "smartTagPr", "customXmlPr", "sdtPr", "sdtEndPr", "contentPart",
                "moveFromRangeStart", "moveFromRangeEnd", "moveToRangeStart", "moveToRangeEnd", "sectPr", "rubyPr",
            )),
        ),
        _nothing,
    ),
}  # fmt: skip
