"""Keys of dictionaries that are no UTF-8.

A name in a PDF is a sequence of bytes (ISO 32000-2, 7.3.5), and older programs wrote Latin-1. pikepdf spells such keys
with lone surrogates, but takes no string with them: not to look a value up, not to set or delete one, not even to
compare it with a name. It does take names that it has parsed itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pikepdf import Dictionary, Name, Object

if TYPE_CHECKING:
    from collections.abc import Iterable


def key_of(spelled: str) -> str | Name:
    """Return a key as pikepdf takes it.

    Args:
        spelled: A key, with its slash, as pikepdf's ``keys`` and ``items`` give it.
    """
    if spelled.isascii():
        return spelled
    data = spelled[1:].encode("utf-8", "surrogateescape")
    return cast("Name", Object.parse(b"/" + b"".join(b"#%02x" % byte for byte in data)))


def value_at(dictionary: Object, spelled: str) -> Object | None:
    """Return the value of a key that pikepdf gave; None where there is none."""
    return dictionary.get(key_of(spelled))


def dictionary_of(entries: Iterable[tuple[str, Object]]) -> Dictionary:
    """Make a dictionary of keys as pikepdf gave them, with their values."""
    made = Dictionary()
    for spelled, value in entries:
        made[key_of(spelled)] = value
    return made
