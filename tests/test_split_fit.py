"""As few pieces as possible: the search against a brute-force optimum, on invented documents and on real ones."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.base import CutOptions
from preflight.cutting import Piece
from preflight.estimate import resized
from preflight.fit import Fit
from preflight.fitting import Fitting, Frame
from preflight.model import Range, SecondsRange, UnitEstimate
from preflight.plan import PieceLimits
from preflight.profile import Fact, ServerRate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from preflight.cutting_tasks import Span

Sizes = dict[tuple[int, int], int]


class Scales:
    """Stands for the bench: every range weighs what a table says."""

    def __init__(self, sizes: Callable[[int, int], int], bad: Sequence[int] = ()) -> None:
        self.sizes = sizes
        self.bad: dict[int, str] = {}
        self.really_bad = set(bad)
        self.cut_units = 0

    def cut(self, spans: Sequence[Span], most: Mapping[Span, int | None]) -> dict[Span, Piece]:
        done = {}
        for span in spans:
            found = self.really_bad.intersection(range(span.first, span.last + 1))
            if found:
                self.bad[min(found)] = "bad"
                continue
            self.cut_units += span.count
            size, limit = self.sizes(span.first, span.last), most[span]
            path = None if limit is not None and size > limit else Path("piece")
            done[span] = Piece(span=span, path=path, size_bytes=size)
        return done

    def drop(self, piece: Piece) -> None:
        del piece


def frame(guesses: Sequence[int], most: int, *, shared: int = 0, tokens: int | None = None) -> Frame:
    no_time = SecondsRange(low=0, likely=0, high=0)
    units = [
        UnitEstimate(
            number=number,
            tokens=Range(low=1, likely=1, high=10),
            seconds=None,
            local_seconds=no_time,
            bytes=guess,
        )
        for number, guess in enumerate(guesses, start=1)
    ]
    limits = PieceLimits(bytes=most, tokens=tokens)
    return Frame(units=units, limits=limits, shared_bytes=shared, whole_bytes=sum(guesses))


def fewest(count: int, size: Callable[[int, int], int], most: int) -> int:
    """Least number of pieces; a unit too large by itself counts as one."""
    best = [0] + [count + 1] * count
    for last in range(1, count + 1):
        for first in range(1, last + 1):
            if first == last or size(first, last) <= most:
                best[last] = min(best[last], best[first - 1] + 1)
    return best[count]


def fitted(bench: Scales, made: Frame) -> list[tuple[int, int]]:
    pieces = Fit(bench, Fitting(made)).pieces()  # type: ignore[arg-type]  # Scales stands for a Bench
    return [(piece.span.first, piece.span.last) for piece in pieces]


@settings(max_examples=150, deadline=None)
@given(
    own=st.lists(st.integers(1, 400), min_size=1, max_size=14),
    base=st.integers(0, 300),
    most=st.integers(50, 1500),
    wrong=st.lists(st.floats(0.1, 8.0), min_size=14, max_size=14),
    guessed_base=st.integers(0, 1000),
)
def test_the_number_of_pieces_is_the_least_possible_however_wrong_the_estimates(
    own: list[int], base: int, most: int, wrong: list[float], guessed_base: int
) -> None:
    def size(first: int, last: int) -> int:
        return base + sum(own[first - 1 : last])

    guesses = [max(1, round(one * factor)) for one, factor in zip(own, wrong, strict=False)]
    bench = Scales(size)

    runs = fitted(bench, frame(guesses, most, shared=guessed_base))

    assert [number for first, last in runs for number in range(first, last + 1)] == list(range(1, len(own) + 1))
    assert all(first == last or size(first, last) <= most for first, last in runs)
    assert len(runs) == fewest(len(own), size, most)


@settings(max_examples=100, deadline=None)
@given(
    uses=st.lists(st.frozensets(st.integers(0, 5), max_size=3), min_size=2, max_size=12),
    weights=st.lists(st.integers(10, 500), min_size=6, max_size=6),
    most=st.integers(200, 2000),
)
def test_units_that_share_fonts_and_pictures_with_some_others(
    uses: list[frozenset[int]], weights: list[int], most: int
) -> None:
    def size(first: int, last: int) -> int:
        shared = frozenset().union(*uses[first - 1 : last])
        return 20 * (last - first + 1) + sum(weights[one] for one in shared)

    runs = fitted(Scales(size), frame([60] * len(uses), most, shared=sum(weights)))

    assert all(first == last or size(first, last) <= most for first, last in runs)
    assert len(runs) == fewest(len(uses), size, most)


@given(
    own=st.lists(st.integers(1, 200), min_size=3, max_size=30),
    bad=st.sets(st.integers(1, 30), max_size=5),
    most=st.integers(200, 600),
)
@settings(max_examples=80, deadline=None)
def test_bad_units_are_left_out_and_nothing_else(own: list[int], bad: set[int], most: int) -> None:
    def size(first: int, last: int) -> int:
        return sum(own[first - 1 : last])

    bench = Scales(size, bad=[number for number in bad if number <= len(own)])

    runs = fitted(bench, frame(own, most))

    held = [number for first, last in runs for number in range(first, last + 1)]
    assert held == [number for number in range(1, len(own) + 1) if number not in bad]
    assert all(first == last or size(first, last) <= most for first, last in runs)


def test_good_estimates_are_cut_once() -> None:
    chosen = random.Random(3)
    own = [chosen.randint(90_000, 110_000) for _ in range(300)]
    bench = Scales(lambda first, last: 2_000 + sum(own[first - 1 : last]))

    runs = fitted(bench, replace(frame(own, 5_000_000, shared=2_000), whole_bytes=200_000_000))

    assert len(runs) == -(-sum(own) // 4_998_000)
    assert bench.cut_units == 300


def test_other_limits_hold_too() -> None:
    runs = fitted(Scales(lambda first, last: last - first + 1), frame([1] * 20, 1_000, tokens=35))

    assert len(runs) == 7
    assert all(last - first < 3 for first, last in runs)


@pytest.mark.parametrize("seed", [1, 2])
def test_real_documents_are_cut_as_well_as_brute_force_would(
    corpus: Path, labels: list[dict[str, object]], seed: int
) -> None:
    from preflight.document import find_document
    from preflight.execution import Inline
    from preflight.judging import Order, UserLimits, prepare
    from preflight.settings import Settings
    from preflight.split_document import frame_of
    from preflight.splitting import SplitOptions
    from preflight.survey import examine_source

    prepared = prepare(Order(limits=UserLimits(bytes=10**9)))
    small = [
        corpus / str(one["path"])
        for one in labels
        if one["type"] == "pdf" and one["expected"] == "ok" and 2 <= int(str(one["pages"] or 0)) <= 12
    ]
    chosen = random.Random(seed)
    compared = 0
    for path in chosen.sample(sorted(small), 8):
        options = SplitOptions(decrypt=True)
        surveyed = examine_source(find_document(path), prepared, Settings(), Inline(), options)
        sizes = _all_sizes(path, surveyed.examined.facts.unit_count)
        least, whole = max(size for run, size in sizes.items() if run[0] == run[1]), max(sizes.values())
        for _ in range(6):
            most = round(least + (whole - least) * chosen.random() ** 2) + 1
            made = replace(frame_of(surveyed), limits=PieceLimits(bytes=most))
            runs = fitted(Scales(lambda first, last, known=sizes: known[first, last]), made)  # type: ignore[misc]
            assert len(runs) == fewest(len(made.units), lambda a, b, known=sizes: known[a, b], most), path.name  # type: ignore[misc]
            compared += 1
    assert compared == 48


def _all_sizes(path: Path, count: int) -> Sizes:
    from extractors.pdf.reader import PdfExtractor

    sizes: Sizes = {}
    options = CutOptions(media_type="application/pdf", source_name="x")
    with path.open("rb") as file, PdfExtractor().cutter(file, options) as cutter:
        for first in range(1, count + 1):
            for last in range(first, count + 1):
                out = io.BytesIO()
                cutter.cut(first, last, out)
                sizes[first, last] = len(out.getvalue())
    return sizes


def test_bytes_that_time_leaves_depend_on_what_the_pages_take() -> None:
    """A page that is read by OCR leaves less of the limit on seconds for bytes than one that has text."""
    fact = Fact(name="speed", value=None, unit="", status="confirmed", url="", as_of="")
    rate = ServerRate(request=(0, 0, 1.0), page=(0, 0, 0.5), ocr_page=(0, 0, 3.0), megabyte=(0, 0, 2.0), fact=fact)
    whole = frame([1_000_000] * 3, 10_000_000)
    units = [
        replace(unit, seconds=SecondsRange(low=0, likely=0, high=2.5 + 3.0 * (unit.number == 2)))
        for unit in whole.units
    ]
    limited = replace(whole, units=units, limits=PieceLimits(bytes=None, seconds=7.0), rate=rate)

    assert limited.room((1, 1)) == 2_750_000
    assert limited.room((2, 2)) == 1_250_000
    assert limited.room((1, 2)) == 1_000_000
    assert resized(units[1], 500_000, rate).seconds == SecondsRange(low=0, likely=0, high=4.5)


@settings(max_examples=60, deadline=None)
@given(
    own=st.lists(st.integers(1, 400), min_size=1, max_size=14),
    base=st.integers(0, 300),
    most=st.integers(50, 1500),
    wrong=st.lists(st.floats(0.1, 8.0), min_size=14, max_size=14),
    page_s=st.sampled_from([0.0, 0.5]),
)
def test_seconds_that_depend_on_bytes_take_the_fewest_pieces(
    own: list[int], base: int, most: int, wrong: list[float], page_s: float
) -> None:
    """One megabyte takes as many seconds as there are bytes in it; what all pieces share takes time in each."""
    fact = Fact(name="speed", value=None, unit="", status="confirmed", url="", as_of="")
    rate = ServerRate(request=(0, 0, 5.0), page=(0, 0, page_s), megabyte=(0, 0, 1_000_000.0), fact=fact)

    def size(first: int, last: int) -> int:
        return base + sum(own[first - 1 : last])

    def took(first: int, last: int) -> int:
        return round(2 * (5 + page_s * (last - first + 1) + size(first, last)))

    guesses = [max(1, round(one * factor)) for one, factor in zip(own, wrong, strict=False)]
    whole = frame(guesses, 0)
    units = [
        replace(unit, seconds=SecondsRange(low=0, likely=0, high=page_s + float(unit.bytes))) for unit in whole.units
    ]
    limited = replace(whole, units=units, limits=PieceLimits(seconds=float(most)), rate=rate)

    runs = fitted(Scales(size), limited)

    assert [number for first, last in runs for number in range(first, last + 1)] == list(range(1, len(own) + 1))
    assert all(first == last or took(first, last) <= 2 * most for first, last in runs)
    assert len(runs) == fewest(len(own), took, 2 * most)
