"""Walks over the trees of a PDF's object graph that end on any file.

References of a damaged or hostile file form rings and shared nodes, so every walk remembers where it has been, keeps
its own stack instead of recursing, and stops at :data:`extractors.pdf.limits.MAX_WALKED` nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Array, Dictionary, Name

from extractors.pdf.cutting.objects import text_in
from extractors.pdf.limits import MAX_DEPTH, MAX_WALKED, PIKE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator


_MAX_KIDS = 2 * MAX_WALKED
"""References to kids that are followed: many fields may share one long array of them."""


@dataclass(slots=True)
class Cuts:
    """What a walk could not see: names of trees cut short by a limit, and of those a damage hides."""

    short: set[str] = field(default_factory=set)
    damaged: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class FormField:
    """A node of the form field tree.

    Attributes:
        node: Its dictionary (a field, or the widget of one).
        kind: Field type ``/Tx``, ``/Btn``, ``/Ch`` or ``/Sig``, inherited where it is not its own; empty when unknown.
        terminal: It is a field that holds a value, not a group of fields and not a mere widget.
    """

    node: Dictionary
    kind: str
    terminal: bool


def outline_nodes(pike: pikepdf.Pdf, cuts: Cuts) -> list[tuple[Dictionary, int]]:
    """Return the items of the outline in reading order, each once, with their level from 1."""
    root = pike.Root.get(Name.Outlines)
    if not isinstance(root, Dictionary):
        return []
    seen = pikepdf.ObjectSet([root])
    nodes: list[tuple[Dictionary, int]] = []
    stack = [(root.get(Name.First), 1)]
    try:
        while stack:
            node, level = stack.pop()
            if not isinstance(node, Dictionary) or not seen.add(node):
                continue
            if len(nodes) == MAX_WALKED or level > MAX_DEPTH:
                cuts.short.add("outline")
                continue
            nodes.append((node, level))
            stack.append((node.get(Name.Next), level))
            stack.append((node.get(Name.First), level + 1))
    except PIKE_ERRORS:
        cuts.damaged.add("outline")
    return nodes


def form_fields(pike: pikepdf.Pdf, cuts: Cuts) -> Iterator[FormField]:
    """Yield the nodes of the form field tree, each once."""
    form = pike.Root.get(Name.AcroForm)
    fields = form.get(Name.Fields) if isinstance(form, Dictionary) else None
    if not isinstance(fields, Array):
        return
    seen = pikepdf.ObjectSet()
    stack = [(node, "", 1) for node in reversed(list(fields))]
    budget = _MAX_KIDS
    try:
        while stack:
            node, inherited, level = stack.pop()
            if not isinstance(node, Dictionary) or not seen.add(node):
                continue
            if len(seen) > MAX_WALKED or level > MAX_DEPTH:
                cuts.short.add("form fields")
                continue
            own = node.get(Name.FT)
            kind = text_in(own) if isinstance(own, Name) else inherited
            children = _first(node.get(Name.Kids), budget)
            budget -= len(children)
            if not budget:
                cuts.short.add("form fields")
            groups = any(isinstance(kid, Dictionary) and Name.T in kid for kid in children)
            yield FormField(node, kind, terminal=not groups and (level == 1 or Name.T in node))
            stack.extend((kid, kind, level + 1) for kid in reversed(children))
    except PIKE_ERRORS:
        cuts.damaged.add("form fields")


def _first(array: object, most: int) -> list[pikepdf.Object]:
    return [array[index] for index in range(min(len(array), most))] if isinstance(array, Array) else []


def sound_tree(root: object) -> Dictionary | None:
    """Return the root of a name or number tree if it is one: no node reached twice, none too deep.

    qpdf's own look-ups follow shared branches again and again: eleven small nodes can stand for 10^10 entries.
    """
    seen = pikepdf.ObjectSet()
    pending = [(root, 1)]
    budget = _MAX_KIDS
    while pending:
        node, level = pending.pop()
        if not isinstance(node, Dictionary) or not seen.add(node) or level > MAX_DEPTH:
            return None
        kids = _first(node.get(Name.Kids), budget)
        budget -= len(kids)
        if budget <= 0:
            return None
        pending.extend((kid, level + 1) for kid in kids)
    return root if isinstance(root, Dictionary) else None


def is_signed(form_field: FormField) -> bool:
    """Whether a signature field carries a signature."""
    if form_field.kind != "/Sig" or not form_field.terminal:
        return False
    try:
        return isinstance(form_field.node.get(Name.V), Dictionary)
    except PIKE_ERRORS:
        return False
