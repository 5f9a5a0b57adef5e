"""Form fields: the part of the field tree that belongs to the widgets on the pages of a piece."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, String

from extractors.pdf.cutting.annotations import clean_events
from extractors.pdf.cutting.objects import BROKEN, ref_of, text_in
from extractors.pdf.keys import dictionary_of, key_of
from extractors.pdf.limits import MAX_DEPTH, MAX_WALKED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from extractors.pdf.cutting.actions import Actions
    from extractors.pdf.cutting.objects import Ref

_FONT_NAME = re.compile(rb"/([^\x00\t\n\x0c\r ()<>\[\]{}/%]+)")
_SIGNING = ("/V", "/Lock", "/SV")
"""A signature, and what restricts who may make one and what it locks."""
_FORM_KEYS = ("/DA", "/Q", "/NeedAppearances")


@dataclass(slots=True, eq=False)
class Node:
    """A node of the field tree, detached from its family.

    Attributes:
        object: Its dictionary, without /Kids and /Parent.
        parent: The node above; None at the top.
        order: Place in the whole tree, so that siblings keep their order.
        listed: It hangs in the tree that starts at the form's /Fields.
        signed: It is a signature field whose signature was taken out.
    """

    object: Dictionary
    parent: Node | None
    order: int
    listed: bool
    signed: bool = False


@dataclass(slots=True)
class Form:
    """The interactive form of a document.

    Attributes:
        signatures: Signatures taken out: none of them holds for a piece.
        unseen: Fields without a widget, which are on no page.
        xfa: There was an XFA form, which no piece carries.
        stripped: Active content taken out of the fields, by kind.
    """

    root: Dictionary | None = None
    nodes: dict[Ref, Node] = field(default_factory=dict)
    signatures: int = 0
    unseen: int = 0
    xfa: bool = False
    stripped: Counter[str] = field(default_factory=Counter)


class FieldTree:
    """Reads the form of a document and makes the forms of its pieces.

    Args:
        pdf: The document; its fields are changed.
        actions: Says which actions of fields may stay.
    """

    def __init__(self, pdf: pikepdf.Pdf, actions: Actions) -> None:
        self._pdf = pdf
        self._actions = actions
        self.form = Form()
        self._calculated: object = None
        form = pdf.Root.get(Name.AcroForm)
        if isinstance(form, Dictionary):
            self.form.root = form
            self.form.xfa = Name.XFA in form
            self._calculated = form.get(Name.CO)
            fields = form.get(Name.Fields)
            if isinstance(fields, Array):
                self._walk(fields)

    def _walk(self, fields: Array) -> None:
        pending: list[tuple[object, Node | None, int, str]] = [(one, None, 1, "") for one in reversed(list(fields))]
        while pending and len(self.form.nodes) < MAX_WALKED:
            item, parent, level, inherited = pending.pop()
            if not isinstance(item, Dictionary) or level > MAX_DEPTH or ref_of(item) in self.form.nodes:
                continue
            try:
                kids = item.get(Name.Kids)
                node = self._node(item, parent, inherited, listed=True)
                kind = text_in(node.object.get(Name.FT)) or inherited
                if not isinstance(kids, Array) or not len(kids):
                    self.form.unseen += Name.Subtype not in node.object
                else:
                    pending += [(kid, node, level + 1, kind) for kid in reversed(list(kids))]
            except BROKEN:
                continue

    def _node(self, item: Dictionary, parent: Node | None, inherited: str, *, listed: bool) -> Node:
        made = item if item.is_indirect else self._pdf.make_indirect(item)
        keys = made.keys()
        for key in ("/Kids", "/Parent", "/AF", "/PieceInfo"):
            if key in keys:
                del made[key]
        if "/AA" in keys:
            clean_events(made, self._actions, self.form.stripped)
        node = Node(made, parent, len(self.form.nodes), listed)
        if (text_in(made.get(Name.FT)) or inherited) == "/Sig" or ("/V" in keys and _is_signature(made.get(Name.V))):
            node.signed = isinstance(made.get(Name.V), Dictionary)
            self.form.signatures += node.signed
            for key in _SIGNING:
                if key in keys:
                    del made[key]
        self.form.nodes[made.objgen] = node
        return node

    def widget(self, annotation: Dictionary) -> Node:
        """Return the node of a widget on a page; one that no field lists is added with the parents it names."""
        known = self.form.nodes.get(annotation.objgen)
        if known is not None:
            return known
        chain: list[Dictionary] = []
        seen = pikepdf.ObjectSet()
        above: Node | None = None
        item: object = annotation
        while isinstance(item, Dictionary) and seen.add(item) and len(chain) < MAX_DEPTH:
            above = self.form.nodes.get(item.objgen) if item.is_indirect else None
            if above is not None:
                break
            chain.append(item)
            item = item.get(Name.Parent)
            if not isinstance(item, Dictionary) or not (Name.T in item or Name.FT in item):
                break  # no field: files have been seen that name the page as parent
        node = above
        for one in reversed(chain):
            node = self._node(one, node, "", listed=node is not None and node.listed)
        return self.form.nodes[annotation.objgen]

    def used(self, widgets: Iterable[Node]) -> list[Node]:
        """Return the nodes of widgets and all nodes above them, parents before their children."""
        found: dict[Ref, Node] = {}
        for widget in widgets:
            node: Node | None = widget
            while node is not None and node.object.objgen not in found:
                found[node.object.objgen] = node
                node = node.parent
        return sorted(found.values(), key=lambda node: node.order)

    def assemble(self, widgets: Iterable[Node]) -> Dictionary | None:
        """Hang the fields of these widgets together and make the form they belong to.

        Args:
            widgets: Nodes of all widgets on the pages of a piece.

        Returns:
            Dictionary for the catalog's /AcroForm; None when the document has no form or the pages have no fields.
        """
        nodes = self.used(widgets)
        families: dict[Ref, list[Object]] = {}
        for node in nodes:
            if Name.Kids in node.object:  # of an earlier piece
                del node.object["/Kids"]
            if node.parent is not None:
                node.object.Parent = node.parent.object
                families.setdefault(node.parent.object.objgen, []).append(node.object)
        for node in nodes:
            if node.object.objgen in families:
                node.object.Kids = Array(families[node.object.objgen])
        tops: list[Object] = [node.object for node in nodes if node.parent is None and node.listed]
        return self._form(nodes, tops) if tops and self.form.root is not None else None

    def _form(self, used: list[Node], tops: list[Object]) -> Dictionary:
        root = self.form.root or Dictionary()
        made = Dictionary(Fields=Array(tops))
        for key in _FORM_KEYS:
            if key in root:
                made[key] = root[key]
        texts = [root.get(Name.DA), *(node.object.get(Name.DA) for node in used)]
        resources = _resources(root.get(Name.DR), texts)
        if resources is not None:
            made.DR = resources
        refs = {node.object.objgen for node in used}
        order = self._calculated
        if self._actions.keep and isinstance(order, Array):
            kept = [item for item in order if ref_of(item) in refs]
            if kept:
                made.CO = Array(kept)
        return made


def _is_signature(value: object) -> bool:
    return isinstance(value, Dictionary) and Name.ByteRange in value


def _resources(given: object, texts: Iterable[object]) -> Dictionary | None:
    """Return the form's default resources, of the fonts only those that default appearances name.

    Forms often carry whole fonts there, which every piece would carry again.
    """
    if not isinstance(given, Dictionary):
        return None
    named = {name for text in texts if isinstance(text, String) for name in _FONT_NAME.findall(bytes(text))}
    made = Dictionary()
    for key, value in given.items():
        if key == "/Font" and isinstance(value, Dictionary):
            fonts = [one for one in value.items() if one[0][1:].encode("utf-8", "surrogateescape") in named]
            made.Font = dictionary_of(fonts)
        elif isinstance(value, Object):
            made[key_of(key)] = value
    return made
