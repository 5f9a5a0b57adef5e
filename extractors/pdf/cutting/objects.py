"""Small tools for PDF objects that may be anything: identity, flags, name trees and number trees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream, String

from extractors.pdf.limits import MAX_WALKED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Ref = tuple[int, int]
"""Object and generation number of an indirect object."""

PRIVATE = Name("/XXPreflight")
"""Key under which a piece notes what :mod:`extractors.pdf.join` needs.

Names that start with XX are free for such use (ISO 32000-2, annex E.2, third-class names).
"""

BROKEN = (pikepdf.PikepdfError, RuntimeError, ValueError, OverflowError, TypeError, KeyError, AttributeError)
"""What changing objects of a damaged file may raise: a stream where a dictionary belongs is a TypeError."""

_LEAF_ITEMS = 64
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")


def ref_of(value: object) -> Ref | None:
    """Return the identity of an indirect object; None for direct objects and plain values."""
    return value.objgen if isinstance(value, Object) and value.is_indirect else None


def whole(value: object) -> int | None:
    """Return ``value`` if it is a number without a fraction."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text_in(value: object) -> str:
    """Return the text of a string, or a name with its slash; empty for anything else.

    Bytes that are no UTF-8 become what pikepdf makes of them in the keys of dictionaries (names), or marks of
    replacement (strings); ``str`` would raise.
    """
    if not isinstance(value, Name | String):
        return ""
    try:
        return str(value)
    except UnicodeDecodeError:
        if isinstance(value, String):
            return bytes(value).decode("utf-8", "replace")
        spelled = _HEX.sub(lambda code: bytes((int(code[1], 16),)), value.unparse())
        return spelled.decode("utf-8", "surrogateescape")


def tree_items(root: object, leaf: Name) -> Iterator[tuple[object, object]]:
    """Yield the pairs of a name tree (``leaf`` is ``/Names``) or number tree (``/Nums``) in the order of the file.

    Ends on any file: nodes reached a second time are passed over, and so is what lies beyond
    :data:`extractors.pdf.limits.MAX_WALKED` nodes or pairs.
    """
    seen = pikepdf.ObjectSet()
    pending: list[object] = [root]
    pairs = 0
    while pending and len(seen) < MAX_WALKED:
        node = pending.pop()
        if not isinstance(node, Dictionary) or not seen.add(node):
            continue
        kids = node.get(Name.Kids)
        if isinstance(kids, Array):
            pending.extend(reversed(list(kids)))
        items = node.get(leaf)
        if not isinstance(items, Array):
            continue
        for index in range(0, len(items) - 1, 2):
            yield items[index], items[index + 1]
            pairs += 1
            if pairs == MAX_WALKED:
                return


def copied(joined: pikepdf.Pdf, source: pikepdf.Pdf, value: Object) -> Object:
    """Return a copy of an object of another document, whether direct or not."""
    if isinstance(value, Name):
        return Object.parse(value.unparse())
    if isinstance(value, String):
        return String(bytes(value))
    if not isinstance(value, Array | Dictionary | Stream):
        return value  # a number or a truth value, which nobody owns
    return joined.copy_foreign(value if value.is_indirect else source.make_indirect(value))


def name_tree(pdf: pikepdf.Pdf, items: Sequence[tuple[bytes, Object]]) -> Dictionary:
    """Make a name tree.

    Args:
        pdf: Owner of the tree.
        items: Names, ascending, with their values.
    """
    leaves = []
    for start in range(0, len(items), _LEAF_ITEMS):
        part = items[start : start + _LEAF_ITEMS]
        flat: list[Object] = []
        for key, value in part:
            flat += (String(key), value)
        leaves.append(Dictionary(Names=Array(flat), Limits=Array([flat[0], flat[-2]])))
    if len(leaves) == 1:
        return Dictionary(Names=leaves[0].Names)
    return Dictionary(Kids=Array([pdf.make_indirect(node) for node in leaves]))
