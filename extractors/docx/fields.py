"""Fields: what a reader sees is their result, never their instruction."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractors.docx.names import W_INSTR, W_VAL, W, is_on, number, w
from extractors.docx.symbols import glyph

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from extractors.docx.spans import Look, Span
    from extractors.docx.story import Story

_FIELD_TYPE = f"{{{W}}}fldCharType"
_LINK = re.compile(r"""\s*HYPERLINK\s+(?:"([^"]*)"|([^\s\\"]+))""", re.IGNORECASE)
_SYMBOL = re.compile(r"""\s*SYMBOL\s+(0x[0-9a-f]+|\d+)(?:.*?\\f\s*(?:"([^"]*)"|(\S+)))?""", re.IGNORECASE)
_MAX_OPEN = 500  # fields nest a handful deep; a document that opens more never closes them
_MAX_INSTRUCTION = 4_096
CHECKED, UNCHECKED = "☒", "☐"


@dataclass(slots=True)
class Field:
    """An open field.

    Attributes:
        shows: Its instruction has ended; what follows is its result.
        instruction: Pieces of the instruction.
        href: Where its result links to.
        form: Data of an old-style form field.
        toc: It is a table of contents.
    """

    shows: bool = False
    instruction: list[str] = field(default_factory=list)
    href: str | None = None
    form: Element | None = None
    toc: bool = False


def character(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    """Handle ``w:fldChar``: a field begins, turns from instruction to result, or ends."""
    kind = element.get(_FIELD_TYPE)
    if kind == "begin":
        if len(story.fields) < _MAX_OPEN:
            story.reading.tally.fields += 1
            story.fields.append(Field(form=element.find(w("ffData"))))
            story.muted += 1
    elif kind == "separate":
        if story.fields and not story.fields[-1].shows:
            _show(story, story.fields[-1])
    elif kind == "end" and story.fields:
        _end(story, out, look)


def instruction(story: Story, element: Element, _out: list[Span], _look: Look | None) -> None:
    """Handle ``w:instrText``: remember it, it may say where a link goes."""
    if story.fields and not story.fields[-1].shows and sum(map(len, story.fields[-1].instruction)) < _MAX_INSTRUCTION:
        story.fields[-1].instruction.append(element.text or "")


def simple(story: Story, element: Element, out: list[Span], look: Look | None) -> None:
    """Handle ``w:fldSimple``: its content is the result."""
    story.reading.tally.fields += 1
    opened = Field(instruction=[element.get(W_INSTR, "")])
    story.fields.append(opened)
    story.muted += 1
    _show(story, opened)
    story.content(element, out, look)
    if story.fields and story.fields[-1] is opened:
        story.fields.pop()


def _show(story: Story, opened: Field) -> None:
    story.muted -= 1
    opened.shows = True
    text = "".join(opened.instruction)
    link = _LINK.match(text)
    if link:
        opened.href = link[1] or link[2] or None
        story.reading.tally.hyperlinks += 1
    opened.toc = text.strip()[:3].upper() == "TOC"
    if opened.toc:
        story.gathered.toc = True


def _end(story: Story, out: list[Span], look: Look | None) -> None:
    closed = story.fields.pop()
    if not closed.shows:
        story.muted -= 1
        symbol = _SYMBOL.match("".join(closed.instruction))
        if symbol:
            story.text(glyph(symbol[2] or symbol[3] or "Symbol", int(symbol[1], 0)), out, look)
    if closed.form is not None:
        story.text(_form_value(closed.form), out, look)


def _form_value(form: Element) -> str:
    """Return what an old-style check box or drop-down shows; text fields have a result of their own."""
    box = form.find(w("checkBox"))
    if box is not None:
        state = box.find(w("checked"))
        state = box.find(w("default")) if state is None else state
        return CHECKED if state is not None and is_on(state.get(W_VAL)) else UNCHECKED
    choices = form.find(w("ddList"))
    if choices is None:
        return ""
    entries = [entry.get(W_VAL, "") for entry in choices.iterchildren(w("listEntry"))]
    result = choices.find(w("result"))
    result = choices.find(w("default")) if result is None else result
    at = 0 if result is None else number(result.get(W_VAL))
    return entries[at] if 0 <= at < len(entries) else ""
