"""The arithmetic behind :mod:`preflight.plan`: the best places to cut a row of units. Pure.

How it works, for a run of units none of which is over a limit by itself (the others stand alone):

1. Filling each piece as far as it goes gives the least number of pieces, k: every part of a run that fits, fits
   too, so going further never hurts.
2. Filling from the front gives the latest place each of the k - 1 cuts can have, filling from the back the
   earliest. These k - 1 windows cannot overlap: a place in two of them would mean a plan with k - 1 pieces.
3. A dynamic program over the windows picks the cuts with the least sum of boundary levels (no boundary counts
   :data:`NO_BOUNDARY`), and among those the least sum of squared piece loads, which is the least spread. The inner
   minimum is a lower envelope of straight lines (convex hull trick), so that all of it takes linear time.

Places count from 0: place p is between unit p - 1 and unit p, and ``loads[p]`` is the load of all units before it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

NO_BOUNDARY = 10
"""What a cut costs where no boundary is: more than the deepest level a heading can have (9)."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A column of the dynamic program: the previous cut at ``at``, at load ``load``, with ``height`` so far."""

    at: int
    load: int
    height: int


def piece_ends(reach: list[int], levels: dict[int, int], loads: list[int]) -> list[int]:
    """Choose where the pieces end.

    Args:
        reach: For each unit, the end (exclusive) of the longest run from it that fits, never falling; the unit's own
            place when it does not fit even alone: such a unit becomes a piece of its own.
        levels: Place → level of the natural boundary before the unit at that place, 1 the most important.
        loads: Running sum of what is to be balanced, one longer than ``reach``; unused where no cut is needed.

    Returns:
        The end of each piece, ascending; the last is ``len(reach)``.
    """
    count = len(reach)
    near = _near(reach)
    ends: list[int] = []
    start = 0
    while start < count:
        if reach[start] == start:
            start += 1
            ends.append(start)
            continue
        end = start
        while end < count and reach[end] > end:
            end += 1
        ends.extend(_cut_run(start, end, reach=reach, near=near, levels=levels, loads=loads))
        start = end
    return ends


def _near(reach: list[int]) -> list[int]:
    """For each end, the earliest start from which a run reaches it."""
    near = [0] * (len(reach) + 1)
    start = 0
    for end in range(1, len(near)):
        while start < end - 1 and reach[start] < end:
            start += 1
        near[end] = start
    return near


def _cut_run(
    start: int, end: int, *, reach: list[int], near: list[int], levels: dict[int, int], loads: list[int]
) -> list[int]:
    """Ends of the pieces of a run without oversize units."""
    latest = [start]
    while latest[-1] < end:
        latest.append(reach[latest[-1]])
    if len(latest) == 2:
        return [end]
    earliest = [end]
    while len(earliest) < len(latest):
        earliest.append(max(start, near[earliest[-1]]))
    earliest.reverse()

    came_from: dict[int, int] = {}
    columns = {start: (0, 0)}  # place → (sum of boundary levels, sum of squared loads)
    for step in range(1, len(latest)):
        columns = _layer(range(earliest[step], latest[step] + 1), columns, near, levels, loads, came_from)
    ends = [end]
    while came_from[ends[-1]] != start:
        ends.append(came_from[ends[-1]])
    ends.reverse()
    return ends


def _layer(
    window: range,
    columns: dict[int, tuple[int, int]],
    near: list[int],
    levels: dict[int, int],
    loads: list[int],
    came_from: dict[int, int],
) -> dict[int, tuple[int, int]]:
    """Best way to each place of one window, from the places of the window before (``columns``, ascending).

    Going backwards, columns only ever join, with falling loads, while the load asked for falls too: what the lower
    envelope needs to be a queue.
    """
    result: dict[int, tuple[int, int]] = {}
    waiting = list(columns)
    envelope: deque[_Line] = deque()
    least = -1
    for place in reversed(window):
        while waiting and waiting[-1] >= near[place]:
            at = waiting.pop()
            sum_of_levels, squares = columns[at]
            if least < 0 or sum_of_levels < least:
                envelope.clear()
                least = sum_of_levels
            if sum_of_levels == least:
                _push(envelope, _Line(at, loads[at], squares + loads[at] ** 2))
        load = loads[place]
        while len(envelope) > 1 and _value(envelope[1], load) <= _value(envelope[0], load):
            envelope.popleft()
        line = envelope[0]
        came_from[place] = line.at
        result[place] = (least + levels.get(place, NO_BOUNDARY), load * load + _value(line, load))
    return dict(reversed(result.items()))


def _value(line: _Line, load: int) -> int:
    """Sum of squares through ``line`` up to ``load``, less ``load`` squared."""
    return line.height - 2 * load * line.load


def _push(envelope: deque[_Line], line: _Line) -> None:
    """Add a line of lower or equal load and drop what it makes superfluous."""
    if envelope and envelope[-1].load == line.load:
        if envelope[-1].height <= line.height:
            return
        envelope.pop()
    while len(envelope) > 1:
        left, middle = envelope[-2], envelope[-1]
        crosses_later = (middle.height - line.height) * (left.load - middle.load)
        crosses_first = (left.height - middle.height) * (middle.load - line.load)
        if crosses_later < crosses_first:
            break
        envelope.pop()
    envelope.append(line)
