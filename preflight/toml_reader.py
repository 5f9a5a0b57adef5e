"""Reading a TOML table with complaints instead of exceptions: one pass finds everything that is wrong.

A :class:`Table` hands out typed values and remembers which keys were asked for; what nobody asked for is an unknown
key. A value that is missing or of the wrong type is reported and replaced by an empty one, so that reading goes on and
the user sees all complaints at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar, cast, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Path = tuple[str | int, ...]
_Choice = TypeVar("_Choice", bound=str)

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.-]+|\"[^\"]*\")\s*=")


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a file.

    Attributes:
        field: Where, such as ``limits[2].measure`` (counted from 1); empty for the whole file.
        message: What is wrong and what to write instead.
        line: Line number from 1, None when unknown.
    """

    field: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.field}: {self.message}" if self.field else f"{where}{self.message}"


def _written(path: Path) -> str:
    out = ""
    for part in path:
        out += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if out else part
    return out


def _lines(text: str) -> dict[Path, int]:
    """Line of each header and key. TOML parsers keep no positions; this is exact for files written in plain style."""
    found: dict[Path, int] = {}
    here: Path = ()
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            name = header[2]
            here = tuple(name.split("."))
            if header[1] == "[[":
                here = (*here, counts.get(name, 0))
                counts[name] = counts.get(name, 0) + 1
            found.setdefault(here, number)
        elif key := _KEY.match(line):
            found.setdefault((*here, key[1].strip('"')), number)
    return found


@dataclass(slots=True)
class Report:
    """Complaints about one file, in the order found."""

    text: str = ""
    complaints: list[Complaint] = field(default_factory=list)
    _index: dict[Path, int] | None = None

    def add(self, path: Path, message: str) -> None:
        """Record a complaint about the value at ``path``."""
        if self._index is None:
            self._index = _lines(self.text)
        line = next((self._index[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self._index), None)
        self.complaints.append(Complaint(_written(path), message, line))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean x?"`` or the list of what is known."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known here: {', '.join(names)}" if names else ""


class Table:
    """One TOML table.

    Args:
        data: The parsed table.
        path: Where it stands in the file.
        report: Takes the complaints.
    """

    __slots__ = ("_asked", "_data", "path", "report")

    def __init__(self, data: Mapping[str, object], path: Path, report: Report) -> None:
        self._data = data
        self._asked: set[str] = set()
        self.path = path
        self.report = report

    def complain(self, key: str, message: str) -> None:
        """Record a complaint about one key of this table."""
        self.report.add((*self.path, key), message)

    def has(self, key: str) -> bool:
        """Whether the key is there (this counts as asking for it)."""
        self._asked.add(key)
        return key in self._data

    def raw(self, key: str) -> object:
        """Return the value as parsed; None when it is missing."""
        self._asked.add(key)
        return self._data.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string; complains when it is missing and has no default."""
        value = self.raw(key)
        if isinstance(value, str):
            return value
        if value is not None:
            self.complain(key, f"must be text in quotes, not {value!r}")
        elif default is None:
            self.complain(key, "is missing; every file needs it here")
        return default or ""

    def choice(self, key: str, kind: object, default: _Choice | None = None) -> _Choice:
        """Return one word of a ``Literal`` type (given as ``kind``)."""
        words: tuple[str, ...] = get_args(kind)
        value = self.text(key, default)
        if value in words:
            return cast("_Choice", value)
        if value:
            self.complain(key, f"{value!r} is not one of the words allowed here{did_you_mean(value, words)}")
        return cast("_Choice", default or words[0])

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; empty when missing."""
        value = self.raw(key)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(cast("list[str]", value))
        self.complain(key, 'must be a list of texts, such as ["pdf"]')
        return ()

    def number(self, key: str) -> int | float | None:
        """Return a number above zero; None when missing."""
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf"):
            return value
        self.complain(key, f"must be a number above zero, not {value!r}")
        return None

    def whole(self, key: str, *, zero: bool = False) -> int | None:
        """Return a whole number above zero (or from zero); None when missing."""
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= (0 if zero else 1):
            return value
        self.complain(key, f"must be a whole number {'from' if zero else 'above'} zero, not {value!r}")
        return None

    def wanted(self, key: str) -> int:
        """Return a whole number above zero; complains when it is missing."""
        if not self.has(key):
            self.complain(key, "is missing; this rule needs it")
        return self.whole(key) or 1

    def three(self, key: str) -> tuple[float, float, float] | None:
        """Return low, likely and high; None when missing."""
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, list) and len(value) == 3 and all(_is_number(item) for item in value):
            low, likely, high = cast("list[float]", value)
            if 0 <= low <= likely <= high < float("inf"):
                return low, likely, high
        self.complain(key, "must be three rising numbers from zero: [low, likely, high]")
        return None

    def flag(self, key: str) -> bool:
        """Return true or false; false when missing."""
        value = self.raw(key)
        if value is not None and not isinstance(value, bool):
            self.complain(key, f"must be true or false, not {value!r}")
        return value is True

    def table(self, key: str) -> Table:
        """Return a table inside this one; empty when missing."""
        value = self.raw(key)
        if value is not None and not isinstance(value, dict):
            self.complain(key, f"must be a table [{key}]")
        return Table(value if isinstance(value, dict) else {}, (*self.path, key), self.report)

    def tables(self, key: str) -> Iterator[Table]:
        """Yield the tables of ``[[key]]``."""
        value = self.raw(key)
        if value is not None and not isinstance(value, list):
            self.complain(key, f"must be written as [[{key}]]")
            return
        for index, item in enumerate(value or ()):
            if isinstance(item, dict):
                yield Table(item, (*self.path, key, index), self.report)
            else:
                self.report.add((*self.path, key, index), f"must be written as [[{key}]]")

    def named(self) -> Iterator[tuple[str, Table]]:
        """Yield the tables inside this one with their names."""
        for key in self._data:
            yield key, self.table(key)

    def all_keys(self) -> tuple[str, ...]:
        """Return the keys that are there, for tables whose keys are names."""
        return tuple(self._data)

    def done(self) -> None:
        """Complain about every key nobody asked for."""
        for key in self._data:
            if key not in self._asked:
                self.complain(key, f"is no key this table knows{did_you_mean(key, self._asked)}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
