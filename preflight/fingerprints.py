"""Fingerprints of text: equal for the same words, whatever white space and Unicode form they come in."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import TYPE_CHECKING

from extractors.facts import Role

if TYPE_CHECKING:
    from extractors.facts import UnitText

_AROUND = frozenset({Role.HEADER, Role.FOOTER, Role.TABLE_HEADER})
"""What stands around pages belongs to a section, and column names to a table that pieces repeat them for: neither to
the unit a reader happens to tell them with."""


def text_print(text: str) -> str:
    """Return the SHA-256 of a text, normalized (NFC, white space folded), as 64 lower-case hex digits."""
    folded = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(folded.encode("utf-8", "replace")).hexdigest()


def unit_print(unit: UnitText) -> str:
    """Return the fingerprint of a unit's native text."""
    return text_print("\n".join(part.text for part in unit.parts if part.role not in _AROUND))
