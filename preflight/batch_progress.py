"""How fast a batch goes and how long it will take, from what it has done lately. The clock is the caller's."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from preflight.wording import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from preflight.batch import Progressed

EVERY_S = 60.0
"""How often a log is told how far a batch is."""
_WINDOW_S = 60.0
_LEAST_S = 1.0
_MARKS = 240


class Pace:
    """Remembers how many files were done when, for the last minute."""

    def __init__(self, now: float) -> None:
        """Begin at the time ``now``, in seconds of any clock."""
        self._marks: deque[tuple[float, int]] = deque([(now, 0)], maxlen=_MARKS)

    def note(self, now: float, done: int) -> None:
        """Remember that ``done`` files were done at ``now``."""
        if now - self._marks[-1][0] >= _WINDOW_S / _MARKS:
            self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[1][0] > _WINDOW_S:
            self._marks.popleft()

    def rate(self, now: float, done: int) -> float | None:
        """Return files a second; None when there is too little to tell."""
        began, before = self._marks[0]
        passed = now - began
        return (done - before) / passed if passed >= _LEAST_S and done > before else None


def progress_text(at: Progressed, rate: float | None) -> str:
    """Return one line for people: how many, how fast, how long still."""
    ended = at.done + at.known
    whole = f"{at.found:,}" if at.all_found else f"{at.found:,}+"
    parts = [f"{ended:,} of {whole} files"]
    if at.known:
        parts.append(f"{at.known:,} known")
    if rate is not None:
        parts.append(f"{rate:,.1f} a second")
        if at.all_found and at.found > ended:
            parts.append(f"{duration((at.found - ended) / rate)} to go")
    return ", ".join(parts)


class Teller:
    """Says how far a batch is in lines for a log: now and then, and at the end. The clock is the caller's."""

    def __init__(self, now: float, write: Callable[[str], object]) -> None:
        """Begin at the time ``now``, in seconds of any clock; lines go to ``write``."""
        self._pace = Pace(now)
        self._told_at = now
        self._write = write
        self._last = ""

    def tell(self, now: float, at: Progressed) -> None:
        """Take how far the batch is at ``now``."""
        self._pace.note(now, at.done)
        ended = at.all_found and at.done + at.known >= at.found
        line = progress_text(at, None if ended else self._pace.rate(now, at.done))
        if line != self._last and (ended or now - self._told_at >= EVERY_S):
            self._told_at, self._last = now, line
            self._write(line)
