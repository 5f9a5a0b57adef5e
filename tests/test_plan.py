"""The plan against brute force, its words, its speed, its edges."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import combinations, pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.model import Limit, Measure, Plan, Range, SecondsRange, UnitEstimate
from preflight.plan import DEEPEST_LEVEL, Boundary, PieceLimits, Whole, make_plan

NO_BOUNDARY = 10
NOTHING = SecondsRange(low=0, likely=0, high=0)


def unit(
    number: int,
    tokens: int = 1,
    *,
    size: int = 0,
    seconds: float | None = 0.0,
    words: int = 0,
    images: int = 0,
    spread: int = 0,
) -> UnitEstimate:
    server = None if seconds is None else SecondsRange(low=0.0, likely=seconds, high=seconds)
    return UnitEstimate(
        number=number,
        tokens=Range(low=tokens, likely=tokens, high=tokens + spread),
        seconds=server,
        local_seconds=NOTHING,
        bytes=size,
        words=words,
        images=images,
    )


def runs(plan: Plan) -> list[tuple[int, int]]:
    return [(piece.first, piece.last) for piece in plan.pieces]


class Case(NamedTuple):
    units: list[UnitEstimate]
    limits: PieceLimits
    boundaries: list[Boundary]
    shared_bytes: int
    overhead_tokens: int


def needs(case: Case, first: int, end: int) -> dict[str, float]:
    """What units[first:end] take, by the field of PieceLimits."""
    part = case.units[first:end]
    return {
        "pages": len(part),
        "tokens": case.overhead_tokens + sum(u.tokens.high for u in part),
        "bytes": case.shared_bytes + sum(u.bytes for u in part),
        "seconds": sum(u.seconds.high for u in part if u.seconds),
        "words": sum(u.words for u in part),
        "images": sum(u.images for u in part),
    }


def fits(case: Case, first: int, end: int) -> bool:
    taken = needs(case, first, end)
    return all(limit is None or taken[name] <= limit for name, limit in limits_of(case).items())


def limits_of(case: Case) -> dict[str, float | None]:
    return {name: getattr(case.limits, name) for name in PieceLimits.__slots__}


def rank(case: Case, cuts: tuple[int, ...]) -> tuple[int, int] | None:
    """(pieces, sum of levels) of a way to cut, None when a piece is over a limit that it need not be over."""
    ends = (0, *cuts, len(case.units))
    for first, end in pairwise(ends):
        if end - first > 1 and not fits(case, first, end):
            return None
    level = {b.before - 1: NO_BOUNDARY for b in case.boundaries}
    for b in case.boundaries:
        level[b.before - 1] = min(level[b.before - 1], b.level, DEEPEST_LEVEL)
    # A cut beside a unit that is over by itself is not chosen, so it is not rated either.
    free = [c for c in cuts if fits(case, c - 1, c) and fits(case, c, c + 1)]
    return len(ends) - 1, sum(level.get(c, NO_BOUNDARY) for c in free)


def squares(case: Case, cuts: tuple[int, ...]) -> int:
    """Sum of squared loads in the measure closest to its limit, oversize units left out."""
    whole = needs(case, 0, len(case.units))
    room = {
        name: limit - {"tokens": case.overhead_tokens, "bytes": case.shared_bytes}.get(name, 0)
        for name, limit in limits_of(case).items()
        if limit is not None and whole[name] > limit
    }
    order = ["pages", "tokens", "bytes", "seconds", "words", "images"]
    total = {
        name: whole[name] - {"tokens": case.overhead_tokens, "bytes": case.shared_bytes}.get(name, 0) for name in room
    }
    fullest = max(
        sorted(room, key=order.index), key=lambda name: total[name] / room[name] if room[name] > 0 else float("inf")
    )
    base = {"tokens": case.overhead_tokens, "bytes": case.shared_bytes}.get(fullest, 0)
    loads = [
        int(needs(case, first, end)[fullest]) - base
        for first, end in pairwise((0, *cuts, len(case.units)))
        if fits(case, first, end)
    ]
    return sum(load**2 for load in loads)


def brute(case: Case) -> tuple[int, int, int]:
    places = range(1, len(case.units))
    ways = [cuts for size in range(len(case.units)) for cuts in combinations(places, size)]
    ranked = [(found, cuts) for cuts in ways if (found := rank(case, cuts)) is not None]
    best = min(found for found, _ in ranked)
    if best[0] == 1:
        return (*best, 0)
    return (*best, min(squares(case, cuts) for found, cuts in ranked if found == best))


small = st.integers(min_value=0, max_value=9)
some_limit = st.none() | st.integers(min_value=1, max_value=25)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    rows = draw(st.lists(st.tuples(small, small, small, small, st.integers(0, 3)), min_size=1, max_size=9))
    units = [
        unit(number, tokens, size=size, seconds=float(seconds), words=words, images=words % 3, spread=spread)
        for number, (tokens, size, seconds, words, spread) in enumerate(rows, start=1)
    ]
    limits = PieceLimits(
        bytes=draw(some_limit),
        pages=draw(st.none() | st.integers(1, 5)),
        tokens=draw(some_limit),
        seconds=draw(st.none() | st.integers(1, 25).map(float)),
        words=draw(some_limit),
        images=draw(st.none() | st.integers(1, 5)),
    )
    marks = draw(st.lists(st.tuples(st.integers(0, 11), st.integers(1, 12)), max_size=6))
    boundaries = [Boundary(before=before, level=level, title=f"T{before}") for before, level in marks]
    return Case(units, limits, boundaries, draw(st.integers(0, 3)), draw(st.integers(0, 3)))


def planned(case: Case) -> Plan:
    return make_plan(
        case.units,
        case.limits,
        boundaries=case.boundaries,
        shared_bytes=case.shared_bytes,
        overhead_tokens=case.overhead_tokens,
    )


@given(cases())
@settings(max_examples=600, deadline=None)
def test_nothing_beats_the_plan(case: Case) -> None:
    plan = planned(case)
    cuts = tuple(piece.last for piece in plan.pieces[:-1])
    found = rank(case, cuts)
    assert found is not None, "a piece is over a limit"
    assert (*found, squares(case, cuts) if cuts else 0) == brute(case)


@given(cases())
@settings(max_examples=200, deadline=None)
def test_pieces_cover_the_document_once_and_only_oversize_units_are_over(case: Case) -> None:
    plan = planned(case)
    covered = [number for piece in plan.pieces for number in range(piece.first, piece.last + 1)]
    assert covered == [u.number for u in case.units]
    assert [piece.index for piece in plan.pieces] == list(range(1, len(plan.pieces) + 1))
    over = tuple(u.number for at, u in enumerate(case.units) if not fits(case, at, at + 1))
    assert plan.oversize == over
    for piece in plan.pieces:
        assert fits(case, piece.first - 1, piece.last) or (piece.first == piece.last and piece.first in over)


def test_no_units_no_pieces() -> None:
    assert make_plan([], PieceLimits(pages=1)) == Plan(pieces=())


def test_one_unit_that_fits() -> None:
    plan = make_plan([unit(1, 5, size=7)], PieceLimits(tokens=5), shared_bytes=3, overhead_tokens=0)
    (piece,) = plan.pieces
    assert (piece.first, piece.last, piece.tokens, piece.bytes, piece.reason) == (1, 1, 5, 10, "end of document")
    assert plan.oversize == ()


def test_one_unit_over_a_limit() -> None:
    plan = make_plan([unit(1, 6)], PieceLimits(tokens=5))
    assert plan.pieces[0].reason == "unit over a limit"
    assert plan.oversize == (1,)


def test_without_limits_one_piece() -> None:
    plan = make_plan([unit(n) for n in range(1, 51)], PieceLimits())
    assert runs(plan) == [(1, 50)]


def test_a_chapter_is_preferred_when_it_costs_no_piece() -> None:
    units = [unit(n) for n in range(1, 151)]
    plan = make_plan(units, PieceLimits(pages=100), boundaries=[Boundary(before=61, level=1, title="Two")])
    assert runs(plan) == [(1, 60), (61, 150)]
    assert plan.pieces[0].reason == "chapter boundary: Two"


def test_no_piece_more_for_a_chapter() -> None:
    units = [unit(n) for n in range(1, 201)]
    plan = make_plan(units, PieceLimits(pages=100), boundaries=[Boundary(before=61, level=1, title="Two")])
    assert runs(plan) == [(1, 100), (101, 200)]
    assert plan.pieces[0].reason == "page limit"


def test_a_deeper_heading_is_better_than_none_and_worse_than_a_chapter() -> None:
    units = [unit(n) for n in range(1, 151)]
    headings = [Boundary(before=75, level=3, title="2.1.1"), Boundary(before=90, level=1, title="Three")]
    assert make_plan(units, PieceLimits(pages=100), boundaries=headings).pieces[0].last == 89
    plan = make_plan(units, PieceLimits(pages=100), boundaries=headings[:1])
    assert plan.pieces[0].last == 74
    assert plan.pieces[0].reason == "heading: 2.1.1"


def test_the_most_important_boundary_before_a_unit_gives_the_reason() -> None:
    units = [unit(n) for n in range(1, 151)]
    headings = [Boundary(before=70, level=2, title="Section"), Boundary(before=70, level=1, title="Chapter")]
    assert make_plan(units, PieceLimits(pages=100), boundaries=headings).pieces[0].reason == "chapter boundary: Chapter"


def test_balanced_where_no_boundary_is() -> None:
    units = [unit(n) for n in range(1, 102)]
    plan = make_plan(units, PieceLimits(pages=100))
    assert [last - first + 1 for first, last in runs(plan)] in ([50, 51], [51, 50])
    assert plan.pieces[0].reason == "balanced"


def test_balance_between_pinned_chapters() -> None:
    units = [unit(n) for n in range(1, 131)]
    plan = make_plan(units, PieceLimits(pages=50), boundaries=[Boundary(before=31, level=1)])
    assert [last - first + 1 for first, last in runs(plan)] == [30, 50, 50]
    assert plan.pieces[0].reason == "chapter boundary"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (PieceLimits(tokens=20), "token limit"),
        (PieceLimits(bytes=200), "byte limit"),
        (PieceLimits(seconds=2.0), "time limit"),
        (PieceLimits(words=60), "word limit"),
        (PieceLimits(images=2), "image limit"),
        (PieceLimits(pages=2), "page limit"),
    ],
)
def test_the_limit_that_stops_a_piece_is_named(limits: PieceLimits, reason: str) -> None:
    units = [unit(n, 10, size=100, seconds=1.0, words=30, images=1) for n in range(1, 5)]
    plan = make_plan(units, limits)
    assert runs(plan) == [(1, 2), (3, 4)]
    assert plan.pieces[0].reason == reason


def test_an_oversize_unit_stands_alone_and_its_neighbour_says_so() -> None:
    units = [unit(1), unit(2), unit(3, 99), unit(4), unit(5)]
    plan = make_plan(units, PieceLimits(tokens=10))
    assert runs(plan) == [(1, 2), (3, 3), (4, 5)]
    assert [piece.reason for piece in plan.pieces] == [
        "next unit over a limit",
        "unit over a limit",
        "end of document",
    ]
    assert plan.oversize == (3,)


def test_weightless_units_beside_an_oversize_one_are_not_drawn_in() -> None:
    units = [unit(1, 0), unit(2, 99), unit(3, 0)]
    assert runs(make_plan(units, PieceLimits(tokens=10))) == [(1, 1), (2, 2), (3, 3)]


def test_overhead_over_the_limit_makes_every_unit_oversize() -> None:
    plan = make_plan([unit(1, 0), unit(2, 0)], PieceLimits(tokens=10), overhead_tokens=11)
    assert plan.oversize == (1, 2)


def test_the_high_end_decides_and_the_likely_is_told() -> None:
    units = [unit(n, 10, spread=10) for n in range(1, 5)]
    plan = make_plan(units, PieceLimits(tokens=40))
    assert runs(plan) == [(1, 2), (3, 4)]
    assert [piece.tokens for piece in plan.pieces] == [20, 20]


def test_pages_do_not_count_for_blocks() -> None:
    units = [unit(n) for n in range(1, 11)]
    assert len(make_plan(units, PieceLimits(pages=2), page_units=False).pieces) == 1
    assert len(make_plan(units, PieceLimits(pages=2)).pieces) == 5


def test_the_file_itself_counts_where_nothing_needs_a_cut() -> None:
    units = [unit(n, size=100) for n in range(1, 11)]
    plan = make_plan(units, PieceLimits(bytes=900, tokens=10), whole=Whole(bytes=880))
    assert [(piece.first, piece.last, piece.bytes) for piece in plan.pieces] == [(1, 10, 880)]
    assert len(make_plan(units, PieceLimits(bytes=900, tokens=10), whole=Whole(bytes=901)).pieces) == 2
    assert len(make_plan(units, PieceLimits(bytes=900, tokens=9), whole=Whole(bytes=880)).pieces) == 2
    assert make_plan(units[:1], PieceLimits(bytes=900), whole=Whole(bytes=901)).oversize == (1,)


def test_seconds_of_every_request_count_for_each_piece() -> None:
    units = [unit(n, seconds=10.0) for n in range(1, 7)]
    plan = make_plan(units, PieceLimits(seconds=35.0), overhead_seconds=5.0)
    assert [(piece.first, piece.last, piece.seconds) for piece in plan.pieces] == [(1, 3, 35.0), (4, 6, 35.0)]


def test_seconds_of_the_file_itself_count_where_nothing_needs_a_cut() -> None:
    units = [unit(n, seconds=10.0) for n in range(1, 7)]
    whole = Whole(bytes=6, seconds=SecondsRange(low=1.0, likely=50.0, high=59.5))
    plan = make_plan(units, PieceLimits(seconds=59.5), overhead_seconds=5.0, whole=whole)
    assert [(piece.first, piece.last, piece.seconds) for piece in plan.pieces] == [(1, 6, 50.0)]
    assert len(make_plan(units, PieceLimits(seconds=59.4), overhead_seconds=5.0, whole=whole).pieces) == 2
    assert len(make_plan(units, PieceLimits(seconds=59.5, pages=5), whole=whole).pieces) == 2
    assert make_plan(units[:1], PieceLimits(seconds=59.4), overhead_seconds=5.0, whole=whole).oversize == (1,)
    assert make_plan(units[:1], PieceLimits(seconds=59.5), overhead_seconds=5.0, whole=whole).oversize == ()


def test_limits_of_a_target_become_limits_of_a_piece() -> None:
    def limit(measure: Measure, most: float, *, encoded: bool = False) -> Limit:
        return Limit(
            measure=measure,
            max=most,
            by="t",
            field=measure,
            source="s",
            as_of="2026",
            status="confirmed",
            encoded=encoded,
        )

    found = PieceLimits.of(
        [limit("bytes", 400, encoded=True), limit("bytes", 310), limit("pages", 7), limit("seconds", 29.5)]
    )
    assert found == PieceLimits(bytes=300, pages=7, seconds=29.5)
    assert PieceLimits.of([limit("pixels-per-side", 8000)]) == PieceLimits()


def test_unknown_seconds_stay_unknown() -> None:
    units = [unit(1, seconds=1.25), unit(2, seconds=None), unit(3, seconds=0.1)]
    assert make_plan(units, PieceLimits(seconds=1.3)).pieces[0].seconds is None
    assert make_plan([units[0], replace(units[2], number=2)], PieceLimits()).pieces[0].seconds == 1.35


def test_decimal_seconds_add_up_exactly() -> None:
    units = [unit(n, seconds=0.1) for n in range(1, 31)]
    assert [last for _, last in runs(make_plan(units, PieceLimits(seconds=1.0)))] == [10, 20, 30]


@pytest.mark.parametrize(
    "limits",
    [
        PieceLimits(bytes=24_000_000, pages=100, tokens=900_000, seconds=60.0, words=500_000, images=100),
        PieceLimits(tokens=60_000_000, bytes=3_000_000_000),
        PieceLimits(pages=2),
        PieceLimits(tokens=1_400),
    ],
)
def test_a_hundred_thousand_units_in_about_a_second(limits: PieceLimits) -> None:
    units = [
        unit(n, (n * 7919) % 1500, size=(n * 104729) % 200_000, seconds=(n % 100) / 100, words=300, images=1)
        for n in range(1, 100_001)
    ]
    boundaries = [Boundary(before=n, level=1 + n % 4, title="t") for n in range(1, 100_000, 17)]
    began = time.process_time()
    first = make_plan(units, limits, boundaries=boundaries)
    took = time.process_time() - began
    assert took < 2.0, f"{took:.2f} s of CPU"
    assert make_plan(units, limits, boundaries=boundaries) == first
