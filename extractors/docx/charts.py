"""Text stored in charts and diagrams: titles, series, categories, cached values, the words of SmartArt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.clean import safe_text
from extractors.docx.names import A_P, A_T, CX, C, a, number
from extractors.docx.pieces import Piece

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.etree import _Element as Element

MAX_POINTS = 5_000  # points of one series that are written out; a reader of the chart sees fewer
_TITLE, _SER, _V, _PT, _TX = (f"{{{C}}}{name}" for name in ("title", "ser", "v", "pt", "tx"))
_CATEGORIES = (f"{{{C}}}cat", f"{{{C}}}xVal")
_VALUES = (f"{{{C}}}val", f"{{{C}}}yVal")
_SIZES = (f"{{{C}}}bubbleSize",)


def chart(root: Element) -> tuple[Piece, bool]:
    """Return (text, cut): what a chart shows, and whether it has more points than are written out."""
    if root.tag.startswith(f"{{{CX}}}"):
        return _extended(root), False
    lines = [text for title in root.iter(_TITLE) if (text := _text_of(title))]
    title = lines[0] if lines else ""
    series = [_Series(element) for element in root.iter(_SER)]
    # Rich text outside titles: data labels, hand-made legends.
    lines += [text for paragraph in root.iter(A_P) if not _inside(paragraph, _TITLE) and (text := _letters(paragraph))]
    tables = [_table(group) for group in _grouped(series)]
    plain = "\n".join([*lines, *(table.plain for table in tables)])
    rich = "\n\n".join([*(f"**{line}**" if line == title else line for line in lines), *(t.markdown for t in tables)])
    return Piece(plain, rich), any(each.cut for each in series)


def drawing_text(root: Element) -> Piece:
    """Return the words in a DrawingML tree, a line a paragraph (SmartArt data, shapes drawn on a chart)."""
    lines = [text for paragraph in root.iter(A_P) if (text := _letters(paragraph))]
    return Piece("\n".join(lines), "\n\n".join(lines))


class _Series:
    """One data series: name, categories and values by point index."""

    def __init__(self, element: Element) -> None:
        self.cut = False
        name = element.find(_TX)
        self.name = "" if name is None else _text_of(name)
        self.categories = self._points(element, _CATEGORIES)
        self.values = self._points(element, _VALUES)
        for index, size in self._points(element, _SIZES).items():
            self.values[index] = f"{self.values.get(index, '')} ({size})".lstrip()

    def _points(self, element: Element, tags: Iterable[str]) -> dict[int, str]:
        found: dict[int, list[str]] = {}
        for tag in tags:
            for holder in element.iterchildren(tag):
                for point in holder.iter(_PT):
                    if len(found) >= MAX_POINTS:
                        self.cut = True
                        break
                    value = point.find(_V)
                    text = "" if value is None else _rounded(value.text or "")
                    # Categories of several levels list the innermost level first.
                    found.setdefault(number(point.get("idx")), []).insert(0, text)
        return {index: safe_text(" / ".join(texts)) for index, texts in found.items()}


def _rounded(text: str) -> str:
    """Return a cached number without the noise of binary fractions: 4.4000000000000004 is shown as 4.4."""
    if len(text) < 17:
        return text
    try:
        return f"{float(text):.15g}"
    except ValueError:
        return text


def _grouped(series: list[_Series]) -> list[list[_Series]]:
    """Put series that share their categories into one table."""
    groups: list[list[_Series]] = []
    for each in series:
        home = next((group for group in groups if group[0].categories == each.categories), None)
        if home is None:
            groups.append([each])
        else:
            home.append(each)
    return groups


def _table(group: list[_Series]) -> Piece:
    indexes = sorted(set().union(group[0].categories, *(each.values for each in group)))
    rows = [["", *(each.name for each in group)]] if any(each.name for each in group) else []
    rows += [[group[0].categories.get(index, ""), *(each.values.get(index, "") for each in group)] for index in indexes]
    if not rows:
        return Piece("", "")
    plain = "\n".join("\t".join(row) for row in rows)
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in escaped]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return Piece(plain, "\n".join(lines))


def _extended(root: Element) -> Piece:
    """Read the newer kind of chart (waterfall, treemap …): words first, then the data."""
    lines = [text for paragraph in root.iter(A_P) if (text := _letters(paragraph))]
    lines += [safe_text(value.text) for value in root.iter(f"{{{CX}}}v") if value.text and not _inside(value, a("p"))]
    for level in root.iter(f"{{{CX}}}lvl"):
        points = [safe_text(point.text) for point in level.iterchildren(f"{{{CX}}}pt") if point.text][:MAX_POINTS]
        if points:
            lines.append(", ".join(points))
    return Piece("\n".join(lines), "\n\n".join(lines))


def _text_of(element: Element) -> str:
    """Return rich text, or the cached text of a reference to a cell."""
    rich = " ".join(text for paragraph in element.iter(A_P) if (text := _letters(paragraph)))
    return rich or safe_text(" ".join(value.text for value in element.iter(_V) if value.text))


def _letters(paragraph: Element) -> str:
    return safe_text("".join(text.text or "" for text in paragraph.iter(A_T))).strip()


def _inside(element: Element, tag: str) -> bool:
    return next(element.iterancestors(tag), None) is not None
