"""Reports for people, as text."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console
from test_estimate import document, page, source, texts

from extractors.errors import PasswordRequired
from extractors.facts import DocumentFacts, UnitFacts, UnitKind
from preflight.judging import Order, UserLimits, prepare, report_on, report_unread
from preflight.model import Report, Verdict
from preflight.problems import problem_from
from preflight.reading import Unread
from preflight.render import plan_view, report_view
from preflight.render_targets import target_view
from preflight.target import load_profile
from preflight.tasks import Examined
from preflight.wording import duration, money, size


def judged(facts: DocumentFacts, order: Order, media: str = "pdf", size_bytes: int = 300_000) -> Report:
    measures = texts(*(unit.number for unit in facts.units[:3]))
    return report_on(Examined(source=source(media, size_bytes), facts=facts, measures=measures), prepare(order))


def shown(report: Report, *, width: int = 100, explain: bool = False) -> str:
    out = StringIO()
    Console(file=out, width=width, highlight=False).print(report_view(report, explain=explain))
    return out.getvalue()


TEN = document(*(page(number) for number in range(1, 11)))


def test_unknown_tokens_of_pieces_are_unknown() -> None:
    report = judged(TEN, Order(target="textract"))

    assert report.plan is not None
    assert [piece.tokens for piece in report.plan.pieces] == [None] * 10
    out = StringIO()
    Console(file=out, width=100).print(plan_view(report))
    assert out.getvalue().count("unknown") == 10


def test_a_kind_that_is_refused_has_no_limit_no_price_and_no_pieces() -> None:
    report = judged(TEN, Order(target="cohere", limits=UserLimits(pages=2)))

    assert (report.verdict, report.binding, report.plan) == (Verdict.WONT_FIT, None, None)
    assert report.estimate is not None
    assert report.estimate.cost is None
    assert report.estimate.basis["cost"] == "unknown: cohere does not take PDF"
    assert "limit" not in shown(report)


def test_the_limit_is_one_sentence_whether_it_binds_or_not() -> None:
    over = shown(judged(TEN, Order(target="anthropic-messages", limits=UserLimits(pages=1))))
    within = shown(judged(TEN, Order(target="anthropic-messages", limits=UserLimits(pages=11))))

    assert "limit that binds: 10 of 1 page (10 times, 9 over)" in over
    assert "nearest limit: 10 of 11 pages (91%, 1 left)" in within


@pytest.mark.parametrize("width", [40, 60, 100])
@pytest.mark.parametrize("pages", [1, 60, 500])
def test_the_strip_stays_on_one_line(width: int, pages: int) -> None:
    facts = document(*(page(number) for number in range(1, pages + 1)))
    report = judged(facts, Order(target="textract"))

    lines = [
        line for line in shown(report, width=width).splitlines() if set(line.strip()) <= {"▁", "|"} and "▁" in line
    ]
    assert len(lines) == 1
    assert cell_len(lines[0].rstrip()) <= width


def test_nothing_is_wider_than_the_terminal() -> None:
    report = judged(TEN, Order(target="anthropic-messages", hops=("nginx",), limits=UserLimits(pages=4)))

    for width in (60, 100):
        assert all(cell_len(line) <= width for line in shown(report, width=width, explain=True).splitlines())


def test_nothing_is_cut_where_no_cut_helps() -> None:
    report = judged(TEN, Order(target="anthropic-messages", limits=UserLimits(tokens=1)))
    out = shown(report)

    assert report.verdict is Verdict.WONT_FIT
    assert "pieces" not in out.splitlines()[0]
    assert "|" not in out
    assert "ends at" not in out


@pytest.mark.parametrize("reference", ["anthropic-messages", "textract", "nginx", "openai-api-file-input"])
def test_a_profile_fits_a_terminal_and_keeps_its_words_together(reference: str) -> None:
    for width in (60, 100):
        out = StringIO()
        Console(file=out, width=width, highlight=False).print(target_view(load_profile(reference)))
        lines = out.getvalue().splitlines()
        assert all(cell_len(line) <= width for line in lines)
        assert all(fact.name[:24] in out.getvalue() for fact in load_profile(reference).facts)


def test_a_frame_of_unknown_text_and_a_block_are_explained() -> None:
    frame = UnitFacts(number=1, kind=UnitKind.IMAGE, width_px=800, height_px=600, reasons=("picture-without-text",))
    out = shown(judged(document(frame, kind="frame"), Order(target="gemini-api"), "png"), explain=True)

    assert "1 × 1,120 for 800 × 600 px" in out
    assert "why a frame is of its kind" in out
    assert "picture-without-text [1]" in out


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.01, "< 0.1 s"), (0.4, "0.4 s"), (9.94, "9.9 s"), (59.6, "60 s"), (600, "10 min"), (9000, "2.5 h")],
)
def test_durations_are_never_rounded_to_nothing(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1048576, "1.0 MB"), (32_000_000, "32 MB"), (999_960, "1.0 MB"), (4_100, "4.1 kB")],
)
def test_sizes_are_decimal_and_exact_ones_are_whole(count: int, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0.00", "0"),
        ("0.000012", "0.000012"),
        ("0.0196", "0.0196"),
        ("0.4", "0.400"),
        ("12.346", "12.35"),
        ("1234.5", "1,234.50"),
    ],
)
def test_money_is_rounded_for_people(amount: str, words: str) -> None:
    assert money(amount) == words


def test_a_problem_names_the_flag_that_helps() -> None:
    problem = problem_from(PasswordRequired("It opens only with a password."))
    report = report_unread(Unread(source=source(), problem=problem), prepare(Order()))

    assert "--password-file" in shown(report)
    assert "--" not in problem.detail
