"""Has workers cut pieces into a staging folder; one bad unit never costs more than itself."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from extractors.base import ReadLimits
from extractors.errors import DamagedDocument
from preflight.cutting_tasks import Cut, CutTask, Span
from preflight.errors import Stopped
from preflight.execution import MAX_KILLS, Task
from preflight.problems import problem_from
from preflight.wire import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from extractors.base import Change, ShrinkStep
    from extractors.facts import Source
    from preflight.document import Document
    from preflight.execution import Executor, Outcome
    from preflight.problems import Problem
    from preflight.reading import Progress
    from preflight.settings import Settings

    _Answer = tuple[Sequence[Span], dict[int, tuple[Cut, Path]], Problem | None, bool]

logger = logging.getLogger(__name__)

OUTPUTS_AT_ONCE = 64
"""Pieces of one task: so many files a worker has open."""
_CRASHES = frozenset({"parser-crashed", "out-of-memory"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece in the staging folder.

    Attributes:
        span: What it holds.
        path: Where it lies; None when it came out too large and was thrown away.
        size_bytes: Its size; when thrown away, the smallest it came to.
        sha256: Its hash.
        media_type: What it is.
        changes: What it does not carry as the document did; when thrown away, what the smallest did not.
        step: How far its images were re-encoded, where that was asked for.
        heaviest: When thrown away, what weighs most in it, in words, and its bytes; None when unknown.
    """

    span: Span
    path: Path | None
    size_bytes: int
    sha256: str = ""
    media_type: str = ""
    changes: tuple[Change, ...] = ()
    step: ShrinkStep | None = None
    heaviest: tuple[str, int] | None = None


@dataclass(slots=True, kw_only=True)
class Bench:
    """Where one document is cut.

    Attributes:
        document: The document.
        source: What it is.
        folder: The staging folder.
        settings: Worker processes and time limits.
        executor: Where it is read and written.
        password: Its password, if it has one.
        active_content: What happens to scripts and the like.
        places: Number of each unit for the library that cuts, where that is another.
        bad: Why units cannot be cut, by number; grows.
        on_progress: Takes a stage and a count.
        drop_fonts: Embedded fonts are left out.
        mended: Something damaged was mended while pieces were cut.
        smaller: How far images of units are re-encoded in whatever piece they are, by number.
        crashed: Of the bad units those whose worker ended on them, and how: that says less of the document.
        killed: What became of a worker that was killed from outside once too often; None when none was.
    """

    document: Document
    source: Source
    folder: Path
    settings: Settings
    executor: Executor
    password: str | None = None
    active_content: Literal["strip", "keep", "reject"] = "strip"
    places: dict[int, int] = field(default_factory=dict)
    bad: dict[int, str] = field(default_factory=dict)
    on_progress: Progress | None = None
    drop_fonts: bool = False
    mended: bool = False
    smaller: dict[int, ShrinkStep] = field(default_factory=dict)
    crashed: dict[int, Problem] = field(default_factory=dict)
    killed: Problem | None = None
    _files: int = 0
    _done: int = 0

    def cut(
        self,
        spans: Sequence[Span],
        most: Mapping[Span, int | None],
        *,
        steps: tuple[ShrinkStep, ...] = (),
    ) -> dict[Span, Piece]:
        """Cut spans out of the document.

        A span that fails is missing in the answer, and ``bad`` names the unit that is to blame; where a parser
        crashes or does not say which unit it is, the span is halved until that is known.

        Args:
            spans: What to cut out.
            most: Bytes each piece may have; larger ones are measured and thrown away.
            steps: How far images may be re-encoded, gentle first.

        Raises:
            Stopped: The document as a whole cannot be cut, or nothing can be written.
        """
        done: dict[Span, Piece] = {}
        groups = self._groups(spans)
        kills: Counter[Span] = Counter()
        while groups:
            alone: list[list[Span]] = []
            for group, cuts, problem, killed in self._run(groups, most, steps):
                if killed and _spared(group, cuts, kills):
                    alone.append(self._sort_out(group, cuts, None, done, steps))
                    continue
                self.killed = problem if killed else self.killed
                failed = self._sort_out(group, cuts, problem, done, steps)
                if problem is not None and len(group) > 1:
                    alone += [[span] for span in failed]
                    continue
                for span in failed:
                    self._find_culprit(span, problem)
            groups = alone
        return done

    def drop(self, piece: Piece) -> None:
        """Throw a piece away."""
        if piece.path is not None:
            piece.path.unlink()

    def _groups(self, spans: Sequence[Span]) -> list[list[Span]]:
        """Divide spans among the workers, neighbours together."""
        workers = max(1, self.settings.workers)
        size = min(OUTPUTS_AT_ONCE, -(-len(spans) // workers))
        return [list(spans[at : at + size]) for at in range(0, len(spans), size)] if spans else []

    def _run(
        self, groups: Sequence[Sequence[Span]], most: Mapping[Span, int | None], steps: tuple[ShrinkStep, ...]
    ) -> list[_Answer]:
        tasks = [self._task(key, group, most, steps) for key, group in enumerate(groups)]
        told: dict[int, dict[int, tuple[Cut, Path]]] = {task.key: {} for task in tasks}

        def hear(key: int, event: bytes) -> None:
            one = load(Cut, event)
            told[key][one.place] = (one, tasks[key].outputs[one.place])
            self._done += 1
            if self.on_progress:
                self.on_progress("cut", self._done)

        if self.on_progress:
            self.on_progress("to cut", self._files)
        answers: list[_Answer] = []
        for outcome in self.executor.run(tasks, hear):
            _log_bug(outcome)
            self.mended = self.mended or (outcome.result is not None and load(bool, outcome.result))
            answers.append((groups[outcome.key], told[outcome.key], outcome.problem, outcome.killed))
            for place, path in enumerate(tasks[outcome.key].outputs):
                cut = told[outcome.key].get(place)
                if cut is None or not cut[0].sha256:
                    path.unlink(missing_ok=True)
        return answers

    def _task(
        self, key: int, group: Sequence[Span], most: Mapping[Span, int | None], steps: tuple[ShrinkStep, ...]
    ) -> Task:
        arguments = CutTask(
            source_name=self.source.name,
            media_type=self.source.media_type,
            spans=tuple(map(self._placed, group)),
            most=tuple(most.get(span) for span in group),
            steps=steps,
            smaller=tuple(self._smaller(group)) if not steps else (),
            password=self.password,
            active_content=self.active_content,
            drop_fonts=self.drop_fonts,
            limits=ReadLimits(max_units=self.settings.max_units),
        )
        outputs = tuple(self.folder / f"cut-{self._files + number:06}" for number in range(len(group)))
        self._files += len(group)
        return Task(
            key=key,
            name="cut",
            document=self.document,
            payload=asdict(arguments),
            cpu_s=self.settings.timeout,
            outputs=outputs,
        )

    def _sort_out(
        self,
        group: Sequence[Span],
        cuts: Mapping[int, tuple[Cut, Path]],
        problem: Problem | None,
        done: dict[Span, Piece],
        steps: tuple[ShrinkStep, ...],
    ) -> list[Span]:
        """Take the answers of one task; return the spans that have to be looked at again."""
        again: list[Span] = []
        for place, span in enumerate(group):
            told = cuts.get(place)
            if told is None:
                again.append(span)
                continue
            cut, path = told
            if cut.error:
                self._blame(span, cut)
                again.append(span)
                continue
            done[span] = Piece(
                span=span,
                path=path if cut.sha256 else None,
                size_bytes=cut.size_bytes,
                sha256=cut.sha256,
                media_type=cut.media_type,
                changes=tuple(self._renumbered(change, span) for change in cut.changes),
                step=None if cut.step is None else steps[cut.step],
                heaviest=cut.heaviest,
            )
        if problem is not None and (problem.code not in _CRASHES or not again):
            raise Stopped(problem)
        if problem is not None and [span.count for span in group] == [1]:
            self.bad[group[0].first] = problem.detail
            self.crashed[group[0].first] = problem
        return again

    def _blame(self, span: Span, cut: Cut) -> None:
        """Note which unit a failure is about, when that is known."""
        unit = None if cut.unit is None else cut.unit + span.first - self._placed(span).first
        if unit is not None and span.first <= unit <= span.last:
            self.bad[unit] = cut.error
        elif span.count == 1:
            self.bad[span.first] = cut.error

    def _placed(self, span: Span) -> Span:
        """Number a span as the library that cuts does; between units that it passes over, numbers run alike."""
        first, last = (self.places.get(number, number) for number in (span.first, span.last))
        return replace(span, first=first, last=last)

    def _smaller(self, group: Sequence[Span]) -> Iterator[tuple[int, ShrinkStep]]:
        """Units of some spans whose images are made smaller, numbered as the library that cuts does."""
        for number, step in sorted(self.smaller.items()):
            if any(span.first <= number <= span.last for span in group):
                yield self.places.get(number, number), step

    def _renumbered(self, change: Change, span: Span) -> Change:
        by = span.first - self._placed(span).first
        return replace(change, units=tuple(number + by for number in change.units)) if by else change

    def _blamed(self, span: Span) -> bool:
        return any(number in self.bad for number in range(span.first, span.last + 1))

    def _find_culprit(self, span: Span, problem: Problem | None) -> None:
        """Halve a span that failed by itself until the unit that is to blame is known."""
        if span.count > 1 and not self._blamed(span):
            middle = (span.first + span.last) // 2
            for half in (replace(span, last=middle), replace(span, first=middle + 1)):
                for piece in self.cut([half], {half: None}).values():
                    self.drop(piece)
        if not self._blamed(span):
            damage = DamagedDocument(
                f"{span.first} to {span.last} cannot be cut out together, though each part of them can. Choose smaller "
                "pieces, or print the document to a new file."
            )
            raise Stopped(problem or problem_from(damage))


def _spared(group: Sequence[Span], cuts: Mapping[int, tuple[Cut, Path]], kills: Counter[Span]) -> bool:
    """Whether the span at which a worker was killed from outside is tried again: that may have been another's doing."""
    under_way = next((span for place, span in enumerate(group) if place not in cuts), group[-1])
    kills[under_way] += 1
    return kills[under_way] <= MAX_KILLS


def _log_bug(outcome: Outcome) -> None:
    if outcome.trace:
        logger.error("bug while cutting a document:\n%s", outcome.trace)
