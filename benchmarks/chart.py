"""A plot as SVG, written by hand: points or lines, straight or logarithmic axes. Same data in, same bytes out."""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frame import Plot

_WIDTH, _HEIGHT = 640, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 28, 40, 56
_COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f", "#334155")


class Axis:
    """Values to places on the sheet."""

    def __init__(self, values: list[float], *, is_log: bool, start: float, end: float) -> None:
        """Choose the range so that all values are inside."""
        self.is_log, self.start, self.end = is_log, start, end
        if is_log:
            values = [value for value in values if value > 0] or [1.0]
            self.low, self.high = float(floor(log10(min(values)))), float(ceil(log10(max(values)) or 1))
            self.high = max(self.high, self.low + 1)
            self.ticks = [10.0**power for power in range(int(self.low), int(self.high) + 1)]
        else:
            step = _step(max(values, default=1.0) or 1.0)
            self.low, self.high = 0.0, step * ceil((max(values, default=1.0) or 1.0) / step)
            self.ticks = [step * number for number in range(round(self.high / step) + 1)]

    def __call__(self, value: float) -> float:
        """Place of a value; what a logarithm cannot show stands at the edge."""
        shown = log10(value) if self.is_log and value > 0 else self.low if self.is_log else value
        share = (max(shown, self.low) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def _step(greatest: float) -> float:
    power: float = 10 ** floor(log10(greatest))
    return next(power * part for part in (0.1, 0.2, 0.5, 1, 2) if greatest / (power * part) <= 8)


def svg(plot: Plot) -> str:
    """Draw a plot."""
    points = [point for row in plot.series.values() for point in row]
    across = [x for x, _ in points] + list(plot.marks.values())
    upward = [y for _, y in points] + list(plot.marks.values())
    if plot.diagonal:
        across = upward = across + upward
    x = Axis(across, is_log="x" in plot.log, start=_LEFT, end=_WIDTH - _RIGHT)
    y = Axis(upward, is_log="y" in plot.log, start=_HEIGHT - _BOTTOM, end=_TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_WIDTH / 2}" y="18" text-anchor="middle" font-size="14">{escape(plot.title)}</text>',
        *_grid(plot, x, y),
    ]
    if plot.diagonal:
        low, high = max(x.ticks[0], y.ticks[0]), min(x.ticks[-1], y.ticks[-1])
        parts.append(_line(x(low), y(low), x(high), y(high), "#94a3b8", dashed=True))
    for name, value in plot.marks.items():
        parts.append(_line(x(value), _TOP, x(value), _HEIGHT - _BOTTOM, "#dc2626", dashed=True))
        parts.append(_line(_LEFT, y(value), _WIDTH - _RIGHT, y(value), "#dc2626", dashed=True))
        parts.append(f'<text x="{x(value) + 4}" y="{_TOP + 12}" fill="#dc2626">{escape(name)}</text>')
    for number, (name, row) in enumerate(plot.series.items()):
        parts += _series(plot, x, y, number, name, row)
    return "\n".join([*parts, "</svg>\n"])


def _grid(plot: Plot, x: Axis, y: Axis) -> list[str]:
    bottom, middle = _HEIGHT - _BOTTOM, (_TOP + _HEIGHT - _BOTTOM) / 2
    parts = []
    for value in x.ticks:
        parts.append(_line(x(value), _TOP, x(value), bottom, "#e2e8f0"))
        parts.append(f'<text x="{x(value)}" y="{bottom + 16}" text-anchor="middle">{value:g}</text>')
    for value in y.ticks:
        parts.append(_line(_LEFT, y(value), _WIDTH - _RIGHT, y(value), "#e2e8f0"))
        parts.append(f'<text x="{_LEFT - 6}" y="{y(value) + 4}" text-anchor="end">{value:g}</text>')
    parts.append(
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 14}" text-anchor="middle">{escape(plot.x)}</text>'
        f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">{escape(plot.y)}</text>'
    )
    return parts


def _series(plot: Plot, x: Axis, y: Axis, number: int, name: str, row: list[tuple[float, float]]) -> list[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    parts = []
    if plot.lines:
        places = " ".join(f"{x(at)},{y(value)}" for at, value in sorted(row))
        parts.append(f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    parts += [f'<circle cx="{x(at)}" cy="{y(value)}" r="3" fill="{colour}" fill-opacity="0.7"/>' for at, value in row]
    top = _TOP + 14 + 16 * number + (14 if plot.marks else 0)
    parts.append(
        f'<circle cx="{_LEFT + 12}" cy="{top - 4}" r="4" fill="{colour}"/>'
        f'<text x="{_LEFT + 22}" y="{top}">{escape(name)}</text>'
    )
    return parts


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}"{dash}/>'
