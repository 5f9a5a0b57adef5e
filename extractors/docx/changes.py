"""Tracked changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.clean import safe_label
from extractors.docx.names import W_AUTHOR, W_DEL, W_INS, W_MOVE_FROM, W_MOVE_TO, w
from extractors.docx.spans import Look
from extractors.facts import Role

if TYPE_CHECKING:
    from lxml.etree import _Element as Element


CHANGES = frozenset({W_INS, W_DEL, W_MOVE_FROM, W_MOVE_TO})
_INSERTING = frozenset({W_INS, W_MOVE_TO, w("cellIns")})


def changed_look(element: Element, look: Look | None) -> Look:
    """Return ``look`` marked with the tracked change that ``element`` stands for."""
    old = look or Look()
    role = Role.INSERTED if element.tag in _INSERTING else Role.DELETED
    return Look(old.flags, role, safe_label(element.get(W_AUTHOR, "")), old.href, old.markdown)
