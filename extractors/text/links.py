"""Link definitions of a Markdown text (``[label]: address``), which stand anywhere and are used anywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractors.base import Change

if TYPE_CHECKING:
    from extractors.facts import UnitFacts, UnitText

_DEFINITION = re.compile(r"^ {0,3}\[((?:[^\[\]\\]|\\.){1,999})\]:[ \t]*\S", re.MULTILINE)
_USE = re.compile(r"\[((?:[^\[\]\\\n]|\\.|\n(?!\s*\n)){1,999})\](?![:(])")
_MOST = 100_000
"""Definitions and uses kept of one text; what goes beyond is not reported."""


class LinkDefinitions:
    """Where labels are defined and where they are used. Feed it with :meth:`take`, as a sink."""

    def __init__(self) -> None:
        self._defined: dict[str, int] = {}
        self._used: dict[int, tuple[str, ...]] = {}
        self._uses = 0

    def take(self, unit: UnitFacts, text: UnitText) -> None:
        """Look at one block."""
        if unit.block == "code" or self._uses > _MOST or len(self._defined) > _MOST:
            return
        plain = text.plain
        if "[" not in plain:
            return
        for hit in _DEFINITION.finditer(plain):
            self._defined.setdefault(_label(hit[1]), unit.number)
        used = tuple(dict.fromkeys(_label(hit[1]) for hit in _USE.finditer(plain)))
        if used:
            self._used[unit.number] = used
            self._uses += len(used)

    def elsewhere(self, first: int, last: int) -> list[Change]:
        """Tell which labels are used in a range of blocks and defined outside."""
        missing: dict[str, int] = {}
        units: list[int] = []
        for number in range(first, last + 1):
            away = [
                label for label in self._used.get(number, ()) if not first <= self._defined.get(label, first) <= last
            ]
            if away:
                units.append(number)
                missing.update((label, self._defined[label]) for label in away)
        if not missing:
            return []
        message = (
            f"{len(missing)} link label(s) used here are defined in other pieces, in block(s) "
            f"{', '.join(map(str, sorted(set(missing.values()))[:20]))} of the original."
        )
        return [
            Change(
                code="links-to-other-pieces", units=tuple(units), message=message, before={"labels": len(missing)},
                after={"labels": 0},
            )
        ]  # fmt: skip


def _label(text: str) -> str:
    """Labels match whatever their case and white space (CommonMark 0.31 §4.7)."""
    return " ".join(text.split()).casefold()
