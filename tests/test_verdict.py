"""The verdict: precedence, the binding limit, findings that say what to do; pure and deterministic."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.facts import DocumentFacts, PdfFacts, Source, TextGuess, UnitFacts, UnitKind, UnitName
from preflight.model import Estimate, Limit, LimitStatus, Measure, Range, SecondsRange, UnitEstimate, Verdict
from preflight.plan import PieceLimits, make_plan
from preflight.profile import Refusal, Sees
from preflight.target import load_target
from preflight.verdict import Judgement, TargetView, judge

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ZERO = SecondsRange(low=0, likely=0, high=0)
SEES_ALL = TargetView(id="sees-all", sees="text+image", takes=(PDF,))
TEXT_ONLY = TargetView(id="text-only", sees="text", takes=(PDF,))


def page(number: int, kind: UnitKind = UnitKind.TEXT, **more: object) -> UnitFacts:
    base = UnitFacts(number=number, kind=kind, native_chars=2000, width_pt=595.0, height_pt=842.0)
    return replace(base, **more)  # type: ignore[arg-type]


def document(*units: UnitFacts, kind: UnitName = "page", **more: object) -> DocumentFacts:
    return replace(DocumentFacts(unit_kind=kind, unit_count=len(units), units=units), **more)  # type: ignore[arg-type]


def limit(
    measure: Measure, most: float, *, by: str = "sees-all", status: LimitStatus = "confirmed", encoded: bool = False
) -> Limit:
    return Limit(
        measure=measure,
        max=most,
        by=by,
        field=f"max_{measure}",
        source="https://example.org/limits",
        as_of="2026-09-20",
        status=status,
        encoded=encoded,
    )


def costs(
    facts: DocumentFacts,
    *,
    tokens: tuple[int, int, int] = (500, 600, 700),
    size: int = 10_000,
    seconds: float | None = None,
) -> tuple[UnitEstimate, ...]:
    server = None if seconds is None else SecondsRange(low=0, likely=seconds, high=seconds)
    low, likely, high = tokens
    return tuple(
        UnitEstimate(
            number=unit.number,
            tokens=Range(low=low, likely=likely, high=high),
            seconds=server,
            local_seconds=ZERO,
            bytes=size,
            words=400,
            images=1,
        )
        for unit in facts.units
    )


def whole(units: tuple[UnitEstimate, ...], upload: int) -> Estimate:
    known = [unit.seconds for unit in units if unit.seconds]
    return Estimate(
        tokens=sum((unit.tokens for unit in units), Range(low=0, likely=0, high=0)),
        cost=None,
        seconds=sum(known, ZERO) if known else None,
        local_seconds=ZERO,
        upload_bytes=upload,
        basis={},
    )


def judged(
    facts: DocumentFacts,
    *limits: Limit,
    target: TargetView | None = SEES_ALL,
    size: int | None = None,
    units: tuple[UnitEstimate, ...] | None = None,
    media_type: str = PDF,
) -> Judgement:
    units = costs(facts) if units is None else units
    size = sum(unit.bytes for unit in units) if size is None else size
    plan = None
    if target is not None:
        page_units = facts.unit_kind != "block"
        plan = make_plan(units, PieceLimits.of(limits), shared_bytes=facts.shared_bytes, page_units=page_units)
    source = Source(name="d", size_bytes=size, sha256="0" * 64, media_type=media_type)
    return judge(source, facts, estimate=whole(units, size), units=units, limits=limits, target=target, plan=plan)


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]


def message(judgement: Judgement, code: str) -> str:
    (found,) = [finding.message for finding in judgement.findings if finding.code == code]
    return found


TEN = document(*(page(n) for n in range(1, 11)))


def test_everything_fits() -> None:
    result = judged(TEN, limit("pages", 100), limit("tokens", 100_000), limit("bytes", 24_000_000))
    assert result.verdict is Verdict.FITS
    assert result.findings == ()
    assert result.binding is not None
    assert (result.binding.limit, result.binding.value, result.binding.max, result.binding.margin) == (
        "pages",
        10,
        100,
        90,
    )


def test_the_least_relative_margin_binds() -> None:
    result = judged(TEN, limit("pages", 100), limit("tokens", 8_000), limit("bytes", 200_000))
    assert result.binding is not None
    assert result.binding.limit == "tokens"
    assert (result.binding.source, result.binding.as_of, result.binding.status) == (
        "https://example.org/limits",
        "2026-09-20",
        "confirmed",
    )


def test_of_several_limits_exceeded_the_one_that_forces_most_pieces_binds() -> None:
    result = judged(TEN, limit("pages", 4), limit("tokens", 3_500), limit("words", 1_600))
    assert result.verdict is Verdict.SPLIT
    assert result.binding is not None
    assert result.binding.limit == "pages", "3 pieces by pages and words, 2 by tokens; pages is first"
    result = judged(TEN, limit("pages", 4), limit("tokens", 1_500))
    assert result.binding is not None
    assert result.binding.limit == "tokens", "5 pieces by tokens"
    assert result.binding.margin == 1_500 - 7_000
    assert "Cut it into 5 pieces" in message(result, "over-tokens")


def test_shared_bytes_count_for_every_piece() -> None:
    facts = replace(TEN, shared_bytes=90_000)
    units = costs(facts)
    result = judged(facts, limit("bytes", 100_000), limit("pages", 4), units=units, size=190_000)
    assert result.binding is not None
    assert result.binding.limit == "bytes", "a page a piece beside 90,000 shared bytes: 10 pieces against 3"


def test_the_high_end_decides_and_says_so() -> None:
    result = judged(TEN, limit("tokens", 6_500))
    assert result.verdict is Verdict.SPLIT
    assert codes(result) == ["high-end-over"]
    assert "6,000 tokens" in message(result, "high-end-over")
    assert "7,000 tokens" in message(result, "high-end-over")


def test_near_a_limit() -> None:
    result = judged(TEN, limit("tokens", 7_100))
    assert result.verdict is Verdict.FITS
    assert codes(result) == ["near-limit"]
    assert "100 tokens left" in message(result, "near-limit")
    assert codes(judged(TEN, limit("tokens", 7_800))) == []
    assert codes(judged(TEN, limit("tokens", 7_000))) == ["near-limit"], "exactly at the limit still fits"


def test_encoded_bytes_are_compared_encoded() -> None:
    result = judged(TEN, limit("bytes", 133_335, encoded=True), size=100_000)
    assert result.verdict is Verdict.SPLIT
    assert result.binding is not None
    assert result.binding.value == 133_336
    assert judged(TEN, limit("bytes", 133_336, encoded=True), size=100_000).verdict is Verdict.FITS


@pytest.mark.parametrize(
    ("facts", "target", "media_type", "code", "says"),
    [
        (TEN, replace(SEES_ALL, sees="refused"), DOCX, "media-not-accepted", "Convert it (it takes PDF)."),
        (
            replace(TEN, encrypted=True),
            replace(SEES_ALL, refuses=("encrypted",)),
            PDF,
            "encrypted-not-accepted",
            "preflight split --decrypt",
        ),
        (
            replace(TEN, encrypted=True, pdf=PdfFacts(needs_password=True, opened_with="user")),
            SEES_ALL,
            PDF,
            "password-needed",
            "preflight split --decrypt",
        ),
        (
            replace(TEN, encrypted=True, pdf=PdfFacts(permissions={"copy": False})),
            replace(SEES_ALL, refuses=("copy-protected",)),
            PDF,
            "copy-protected-not-accepted",
            "without the restriction",
        ),
    ],
)
def test_refused_whatever_its_size(
    facts: DocumentFacts, target: TargetView, media_type: str, code: str, says: str
) -> None:
    result = judged(facts, limit("pages", 4), target=target, media_type=media_type)
    assert result.verdict is Verdict.WONT_FIT
    assert result.findings[0].code == code
    assert result.findings[0].severity == "error"
    assert says in result.findings[0].message
    assert result.binding is None  # the pages are over, but it is not they that decide


@pytest.mark.parametrize(
    ("facts", "refuses", "code", "says"),
    [
        (
            replace(TEN, encrypted=True, pdf=PdfFacts(opened_with="owner")),
            ("encrypted",),
            "encrypted-not-accepted",
            "`preflight split` writes it without encryption",
        ),
        (
            replace(TEN, encrypted=True, pdf=PdfFacts(opened_with="owner", needs_password=True)),
            (),
            "password-needed",
            "nobody says that sees-all can be given one",
        ),
        (replace(TEN, pdf=PdfFacts(xfa=True)), ("encrypted", "xfa"), "xfa-not-accepted", "print it to PDF"),
    ],
)
def test_what_writing_it_anew_takes_away(
    facts: DocumentFacts, refuses: tuple[Refusal, ...], code: str, says: str
) -> None:
    result = judged(facts, limit("pages", 40), target=replace(SEES_ALL, refuses=refuses))
    assert result.verdict is Verdict.REDUCE
    assert codes(result) == [code]
    assert says in message(result, code)


def test_units_over_a_limit_that_nothing_shrinks_are_said_once() -> None:
    facts = document(page(1), page(2), page(3), kind="block")
    units = tuple(replace(unit, bytes=size) for unit, size in zip(costs(facts), (10, 5_000, 10), strict=True))
    result = judged(facts, limit("bytes", 100), units=units, media_type="text/markdown")
    assert result.verdict is Verdict.WONT_FIT
    assert codes(result) == ["unit-over-limit"]
    assert "Choose a target that takes more" in message(result, "unit-over-limit")
    takes_text = replace(SEES_ALL, takes=(PDF, "text/plain"))
    result = judged(facts, limit("bytes", 100), units=units, media_type="text/markdown", target=takes_text)
    assert "Send its text, which is cut wherever it has to be (`preflight split --as text`)" in message(
        result, "unit-over-limit"
    )


def test_scans_are_counted_in_words() -> None:
    alone = document(page(1, UnitKind.SCAN, needs_ocr=True, native_chars=0))
    every = document(*(page(number, UnitKind.SCAN, needs_ocr=True, native_chars=0) for number in (1, 2, 3)))
    said = [message(judged(facts, target=TEXT_ONLY), "scans-invisible") for facts in (alone, SCANS, every)]
    assert [one.partition(" be read")[0] for one in said] == [
        "The page cannot",
        "1 of 3 pages cannot",
        "None of the 3 pages can",
    ]


def test_of_a_kind_that_is_refused_nothing_else_is_said() -> None:
    result = judged(SCANS, limit("pages", 1), target=replace(TEXT_ONLY, sees="refused"))
    assert codes(result) == ["media-not-accepted"]


def test_encryption_is_no_matter_where_it_is_accepted() -> None:
    assert judged(replace(TEN, encrypted=True)).verdict is Verdict.FITS


SCANS = document(page(1), page(2, UnitKind.SCAN, needs_ocr=True, native_chars=0), page(3))


@pytest.mark.parametrize(
    ("target", "verdict", "code"),
    [
        (TEXT_ONLY, Verdict.OCR_FIRST, "scans-invisible"),
        (replace(TEXT_ONLY, sees="retrieval"), Verdict.OCR_FIRST, "scans-invisible"),
        (SEES_ALL, Verdict.FITS, "scans-seen"),
        (replace(SEES_ALL, sees="image"), Verdict.FITS, "scans-seen"),
        (replace(SEES_ALL, sees=None), Verdict.FITS, "acceptance-unknown"),
        (None, Verdict.OCR_FIRST, "needs-ocr"),
    ],
)
def test_scans(target: TargetView | None, verdict: Verdict, code: str) -> None:
    result = judged(SCANS, target=target)
    assert (result.verdict, codes(result)) == (verdict, [code])
    if code != "acceptance-unknown":
        assert result.findings[0].units == (2,)


def test_an_image_file_is_read_by_a_service_that_indexes_images() -> None:
    frame = document(page(1, UnitKind.SCAN, needs_ocr=True, width_px=2000, height_px=3000), kind="frame")
    target = TargetView(id="index", sees="retrieval")
    assert judged(frame, target=target, media_type="image/png").verdict is Verdict.FITS


def test_pictures_that_do_not_arrive() -> None:
    facts = document(page(1, image_count=1, image_coverage=0.6), page(2, image_count=1, image_coverage=0.02), page(3))
    result = judged(facts, target=TEXT_ONLY)
    assert result.verdict is Verdict.FITS
    assert codes(result) == ["images-unseen"]
    assert result.findings[0].units == (1,)
    assert codes(judged(facts)) == []


def test_nothing_readable() -> None:
    facts = document(page(1, UnitKind.UNREADABLE), page(2, UnitKind.UNREADABLE))
    assert judged(facts, target=None).verdict is Verdict.UNREADABLE
    assert judged(facts, target=replace(SEES_ALL, sees="refused")).verdict is Verdict.UNREADABLE
    assert judged(document(page(1, UnitKind.UNREADABLE), page(2)), target=None).verdict is Verdict.FITS


def test_a_page_too_large_in_bytes_can_be_shrunk_when_its_images_are_what_is_large() -> None:
    facts = document(page(1), page(2, image_bytes=900_000), page(3))
    units = costs(facts)
    units = (units[0], replace(units[1], bytes=1_000_000), units[2])
    result = judged(facts, limit("bytes", 300_000), units=units)
    assert result.verdict is Verdict.REDUCE
    assert "Page 2 has more than the 300,000 bytes sees-all allows" in message(result, "unit-over-limit")
    assert "whether that is enough shows only when it is tried" in message(result, "unit-over-limit")
    assert [f.units for f in result.findings if f.code == "unit-over-limit"] == [(2,)]
    vector = document(page(1), page(2, image_bytes=100_000), page(3))
    result = judged(vector, limit("bytes", 300_000), units=units)
    assert result.verdict is Verdict.WONT_FIT
    assert "smaller" not in message(result, "unit-over-limit")


def test_an_image_too_large_is_reduced() -> None:
    frame = document(page(1, UnitKind.IMAGE, width_px=9_000, height_px=2_000, native_chars=0), kind="frame")
    result = judged(frame, limit("pixels-per-side", 8_000), media_type="image/png")
    assert (result.verdict, codes(result)) == (Verdict.REDUCE, ["unit-over-limit"])
    assert result.binding is not None
    assert (result.binding.limit, result.binding.value) == ("pixels-per-side", 9_000)
    assert judged(frame, limit("bytes", 3_000_000), size=20_000_000, media_type="image/png").verdict is Verdict.REDUCE
    told = message(judged(frame, limit("bytes", 3_000_000), size=20_000_000, media_type="image/png"), "unit-over-limit")
    assert "shows only when" not in told, "150 dots an inch of a page have less in gray, whatever is on it"
    result = judged(frame, limit("bytes", 5_000), size=50_000_000, media_type="image/png")
    assert result.verdict is Verdict.WONT_FIT, "not even an empty page has so little"
    assert judged(frame, limit("megapixels", 40), media_type="image/png").verdict is Verdict.FITS


def test_one_page_over_the_tokens() -> None:
    short = document(page(1, native_chars=400))
    units = costs(short, tokens=(4_000, 5_000, 6_000))
    both = replace(SEES_ALL, takes=(PDF, "text/plain"))
    result = judged(short, limit("tokens", 1_000), units=units, target=both)
    assert result.verdict is Verdict.REDUCE
    assert "preflight split --as text" in message(result, "unit-over-limit")
    assert judged(short, limit("tokens", 1_000), units=units).verdict is Verdict.WONT_FIT, "it takes no text"
    assert judged(short, limit("tokens", 1_000), units=units, target=TEXT_ONLY).verdict is Verdict.WONT_FIT
    assert judged(short, limit("tokens", 700), units=units, target=both).verdict is Verdict.WONT_FIT
    guess = TextGuess(low=0, likely=100, high=450)
    scan = document(page(1, UnitKind.SCAN, native_chars=0, needs_ocr=True, text_guess=guess))
    assert judged(scan, limit("tokens", 1_000), units=units, target=both).verdict is Verdict.REDUCE


def test_an_oversize_unit_binds_before_a_limit_that_cutting_keeps() -> None:
    facts = document(*(page(n) for n in range(1, 21)))
    units = tuple(replace(u, tokens=Range(low=1, likely=1, high=900 if u.number == 7 else 1)) for u in costs(facts))
    result = judged(facts, limit("pages", 2), limit("tokens", 800), units=units, target=TEXT_ONLY)
    assert result.verdict is Verdict.WONT_FIT
    assert result.binding is not None
    assert result.binding.limit == "tokens"


def test_many_units_are_named_in_short() -> None:
    facts = document(*(page(n, native_chars=0) for n in range(1, 21)))
    result = judged(facts, limit("tokens", 100))
    assert message(result, "unit-over-limit").startswith("Pages 1, 2, 3, 4, 5 and 15 more have each more than")
    assert len(result.findings[0].units) == 20


def test_what_weighs_outside_the_pages_is_dropped_by_saving_anew() -> None:
    result = judged(TEN, limit("bytes", 1_000_000), size=5_000_000)
    assert result.verdict is Verdict.REDUCE
    assert "save it anew" in message(result, "over-bytes")


def test_unknown_seconds_are_said_to_be_unknown() -> None:
    result = judged(TEN, limit("seconds", 60, by="nginx"), limit("pages", 100))
    assert result.verdict is Verdict.FITS
    assert codes(result) == ["time-unknown"]
    assert "60 seconds" in message(result, "time-unknown")
    assert [(one.limit, one.value) for one in result.limits] == [("seconds", None), ("pages", 10)]
    patient = judged(TEN, limit("seconds", 600, by="sees-all"))
    assert patient.findings == ()  # the figures say that the time is unknown; once is enough
    assert codes(judged(TEN, limit("seconds", 5, by="user"))) == ["time-unknown"]
    assert result.binding is not None
    assert result.binding.limit == "pages"
    slow = costs(TEN, seconds=20.0)
    result = judged(TEN, limit("seconds", 60, by="nginx"), units=slow)
    assert result.verdict is Verdict.SPLIT
    assert "asynchronous" in message(result, "over-seconds")


def test_time_every_request_takes_counts_for_a_unit_alone() -> None:
    units = costs(TEN, seconds=58.0)
    estimate = replace(whole(units, 100_000), seconds=SecondsRange(low=583, likely=583, high=583))
    source = Source(name="d", size_bytes=100_000, sha256="", media_type=PDF)
    result = judge(source, TEN, estimate=estimate, units=units, limits=[limit("seconds", 60)], target=SEES_ALL)
    assert result.verdict is Verdict.WONT_FIT
    assert len(result.findings[0].units) == 10


def test_unknown_tokens_are_said_to_be_unknown() -> None:
    source = Source(name="d", size_bytes=1_000, sha256="", media_type=PDF)
    units = costs(TEN)
    estimate = replace(whole(units, 1_000), tokens=None)
    result = judge(source, TEN, estimate=estimate, units=units, limits=[limit("tokens", 10)], target=SEES_ALL)
    assert (result.verdict, codes(result), result.binding) == (Verdict.FITS, ["tokens-unknown"], None)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("unconfirmed", "not confirmed"),
        ("conflict", "Sources disagree"),
        ("documented-via-mirror", "copy of the vendor's page"),
        ("confirmed", None),
        ("user", None),
    ],
)
def test_a_doubtful_limit_that_binds_is_doubted(status: LimitStatus, says: str | None) -> None:
    result = judged(TEN, limit("pages", 40, status=status), limit("tokens", 900_000, status="unconfirmed"))
    assert codes(result) == ([] if says is None else ["limit-not-confirmed"])
    if says:
        assert says in message(result, "limit-not-confirmed")
        assert "https://example.org/limits" in message(result, "limit-not-confirmed")


def test_pages_do_not_limit_flowing_text() -> None:
    blocks = document(*(UnitFacts(number=n, kind=UnitKind.TEXT) for n in range(1, 400)), kind="block")
    result = judged(blocks, limit("pages", 100), limit("tokens", 1_000_000), media_type=DOCX)
    assert result.verdict is Verdict.FITS
    assert result.binding is not None
    assert result.binding.limit == "tokens"


def test_precedence() -> None:
    """Each added trouble makes the verdict worse, in the order of the enumeration."""
    pages = limit("pages", 2)
    pixels = document(page(1, width_pt=20_000.0), page(2), page(3))
    scanned = document(page(1, needs_ocr=True, width_pt=20_000.0), page(2), page(3))
    points = limit("page-points", 9_000)
    refusing = replace(TEXT_ONLY, sees="refused")
    unreadable = document(*(page(n, UnitKind.UNREADABLE) for n in (1, 2, 3)))
    found = [
        judged(TEN, target=TEXT_ONLY).verdict,
        judged(document(page(1), page(2), page(3)), pages, points, target=TEXT_ONLY).verdict,
        judged(pixels, pages, points, target=TEXT_ONLY).verdict,
        judged(scanned, pages, points, target=TEXT_ONLY).verdict,
        judged(scanned, pages, points, target=refusing).verdict,
        judged(unreadable, pages, points, target=refusing).verdict,
    ]
    assert found == list(Verdict)


def test_views_of_real_profiles() -> None:
    anthropic = load_target("anthropic-messages")
    assert TargetView.of(anthropic, DOCX).sees == "refused"
    assert PDF in TargetView.of(anthropic, DOCX).takes
    assert DOCX not in TargetView.of(anthropic, DOCX).takes
    assert "encrypted" in TargetView.of(anthropic, PDF).refuses
    assert TargetView.of(load_target("chatgpt-web"), PDF).sees == "text"
    assert TargetView.of(load_target("chatgpt-web"), "image/tiff").sees is None


SEES: list[Sees] = ["text", "image", "text+image", "retrieval", "refused"]
REFUSES: list[tuple[Refusal, ...]] = [(), ("encrypted",)]
measures: st.SearchStrategy[Measure] = st.sampled_from(
    ["bytes", "pages", "tokens", "seconds", "words", "images", "page-points"]
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[DocumentFacts, tuple[UnitEstimate, ...], tuple[Limit, ...], TargetView | None]:
    count = draw(st.integers(1, 8))
    kinds = draw(st.lists(st.sampled_from(list(UnitKind)), min_size=count, max_size=count))
    facts = document(
        *(
            page(n, kind, needs_ocr=kind is UnitKind.SCAN, image_bytes=draw(st.integers(0, 50)))
            for n, kind in enumerate(kinds, 1)
        ),
        encrypted=draw(st.booleans()),
        shared_bytes=draw(st.integers(0, 20)),
    )
    low, more, most = (draw(st.integers(0, 50)) for _ in range(3))
    seconds = draw(st.none() | st.integers(0, 20).map(float))
    units = costs(facts, tokens=(low, low + more, low + more + most), size=draw(st.integers(0, 60)), seconds=seconds)
    limits = tuple(limit(measure, draw(st.integers(1, 400))) for measure in draw(st.lists(measures, max_size=5)))
    sees: Sees | None = draw(st.sampled_from([None, *SEES]))
    refuses: tuple[Refusal, ...] = draw(st.sampled_from(REFUSES))
    target = draw(st.none() | st.just(TargetView(id="t", sees=sees, refuses=refuses)))
    return facts, units, limits, target


@given(worlds())
@settings(max_examples=300, deadline=None)
def test_a_verdict_is_consistent(
    world: tuple[DocumentFacts, tuple[UnitEstimate, ...], tuple[Limit, ...], TargetView | None],
) -> None:
    facts, units, limits, target = world
    result = judged(facts, *limits, target=target, units=units)
    assert result == judged(facts, *limits, target=target, units=units), "deterministic"
    over = result.binding is not None and result.binding.margin < 0
    if result.verdict is Verdict.FITS:
        assert not over
        assert all(finding.severity != "error" for finding in result.findings)
    if over:
        assert result.verdict is not Verdict.FITS
    if result.verdict is Verdict.WONT_FIT:
        assert any(finding.severity == "error" for finding in result.findings)
    if result.verdict is not Verdict.FITS and result.verdict is not Verdict.UNREADABLE:
        assert result.findings, "a reason is always given"
    for finding in result.findings:
        assert finding.message.endswith("."), finding.message
        assert finding.message[0].isupper() or finding.message[0].isdigit() or finding.message.startswith("t "), finding
