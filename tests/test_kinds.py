"""The rules that turn measurements of a page into its kind and whether it needs OCR."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.facts import TextGuess, UnitKind
from extractors.pdf.kinds import Judgement, is_layer_hidden, judge, layer_lies, wants_look
from extractors.pdf.pages import PageMeasure, TextSample
from extractors.pixels import PixelLook

EMPTY = PageMeasure(
    box=(0, 0, 595, 842),
    width_pt=595,
    height_pt=842,
    rotation=0,
    native_chars=0,
    sample=TextSample(),
    image_count=0,
    images=(),
    coverage=0.0,
    own_coverage=0.0,
    texts=0,
    paths=0,
    segments=0,
    shadings=0,
    annotations=0,
    cut_short=False,
)
NOTHING = PixelLook(
    blank=True,
    guess=TextGuess(low=0, likely=0, high=0),
    text_share=0.0,
    text_area=0.0,
    in_paragraphs=1.0,
    tones=0.0,
    turned=False,
)
PICTURE = replace(NOTHING, blank=False, guess=TextGuess(low=5, likely=12, high=20), text_share=0.02, tones=0.7)


def writing(chars: int) -> PixelLook:
    """A look that saw so many characters and little else."""
    guess = TextGuess(low=chars * 2 // 3, likely=chars, high=chars * 3 // 2)
    return replace(NOTHING, blank=False, guess=guess, text_share=0.95, text_area=0.3)


def page(chars: int = 0, covered: float = 0.0, *, unseen: int = 0, unmapped: int = 0, **more: int) -> PageMeasure:
    """A page with so many characters, so much of it under an image, and a sample of 50 characters."""
    return replace(
        EMPTY,
        native_chars=chars,
        texts=bool(chars) * 40,
        sample=TextSample(size=50, unseen=unseen, unmapped=unmapped) if chars else TextSample(),
        image_count=bool(covered),
        coverage=covered,
        own_coverage=covered,
        **more,
    )


def judged(measure: PageMeasure, look: PixelLook | None = None, gibberish: str | None = None) -> Judgement:
    return judge(measure, layer_lies(measure, gibberish), look)


@pytest.mark.parametrize(
    ("measure", "look", "kind", "needs_ocr"),
    [
        (EMPTY, None, UnitKind.BLANK, False),
        (page(2500), None, UnitKind.TEXT, False),
        (page(12), None, UnitKind.TEXT, False),
        (page(2500, 0.3), None, UnitKind.TEXT, False),
        # no text layer: the pixels decide
        (page(0, 1.0), writing(2000), UnitKind.SCAN, True),
        (page(0, 0.4), writing(900), UnitKind.SCAN, True),
        (page(0, 1.0), PICTURE, UnitKind.IMAGE, False),
        (page(0, 1.0), NOTHING, UnitKind.BLANK, False),
        (page(0, 0.0, paths=300, segments=9000), writing(600), UnitKind.TEXT, True),
        (page(0, 0.0, paths=300, segments=2000), PICTURE, UnitKind.IMAGE, False),
        (page(0, 0.0, annotations=1), NOTHING, UnitKind.BLANK, False),
        # an OCR layer
        (page(2500, 1.0, unseen=50), None, UnitKind.HYBRID, False),
        (page(90, 1.0, unseen=50), NOTHING, UnitKind.HYBRID, False),
        (page(90, 1.0, unseen=50), writing(1500), UnitKind.HYBRID, True),
        (page(1500, 1.0, unseen=50), writing(200), UnitKind.HYBRID, False),
        # visible text beside or on pictures
        (page(60, 1.0), writing(1800), UnitKind.HYBRID, True),
        (page(250, 0.5), writing(1800), UnitKind.HYBRID, True),
        (page(250, 0.5), PICTURE, UnitKind.TEXT, False),
        (page(30, 0.8), PICTURE, UnitKind.IMAGE, False),
        (page(30, 0.8), NOTHING, UnitKind.TEXT, False),
        (page(900, 1.0), PICTURE, UnitKind.TEXT, False),
        (page(80, 0.0, paths=90, segments=20_000), writing(1500), UnitKind.TEXT, True),
        # a layer nobody can read
        (page(2500, 0.0, unmapped=40), None, UnitKind.TEXT, True),
        (page(2500, 1.0, unmapped=40), None, UnitKind.HYBRID, True),
        (page(20, 1.0, unmapped=40), PICTURE, UnitKind.IMAGE, False),
        # nobody can look
        (page(0, 1.0), None, UnitKind.UNREADABLE, False),
        (replace(page(0, 1.0), width_pt=1.0, height_pt=2e9), None, UnitKind.UNREADABLE, False),
    ],
)
def test_what_a_page_is(measure: PageMeasure, look: PixelLook | None, kind: UnitKind, needs_ocr: bool) -> None:  # noqa: FBT001
    verdict = judged(measure, look)

    assert (verdict.kind, verdict.needs_ocr) == (kind, needs_ocr)
    assert verdict.reasons


def test_text_in_no_language_on_a_bitmap_needs_ocr_again() -> None:
    verdict = judged(page(2500, 1.0, unseen=50), None, "broken-words")

    assert verdict.kind is UnitKind.HYBRID
    assert verdict.needs_ocr
    assert verdict.reasons == ("text-layer-lies", "broken-words")
    assert verdict.guess is not None
    assert verdict.guess.low < 2500 < verdict.guess.high


@pytest.mark.parametrize(
    ("measure", "looked_at"),
    [
        (EMPTY, False),
        (page(2500), False),
        (page(5), False),
        (page(2500, 0.4), False),
        (page(0, 1.0), True),
        (page(0, 0.0, paths=3), True),
        (page(50, 1.0), True),
        (page(300, 0.6), True),
        (page(2500, 1.0, unseen=50), False),
        (page(50, 1.0, unseen=50), True),
        (page(80, 0.0, paths=90, segments=20_000), True),
        (page(80, 0.0, paths=900, segments=4_000), False),
        (replace(page(50, 1.0), own_coverage=0.0), False),
        (replace(page(0, 1.0), width_pt=0.1), False),
    ],
)
def test_only_pages_whose_structure_leaves_it_open_are_looked_at(measure: PageMeasure, looked_at: bool) -> None:  # noqa: FBT001
    assert wants_look(measure, None) == looked_at


def test_text_of_annotations_makes_an_empty_page_text() -> None:
    verdict = judge(page(annotations=2), None, NOTHING, annotated=40)

    assert verdict.kind is UnitKind.TEXT
    assert not verdict.needs_ocr


shares = st.floats(0, 1)
counts = st.integers(0, 10_000)
looks = st.none() | st.builds(
    PixelLook,
    blank=st.booleans(),
    guess=counts.map(lambda chars: TextGuess(low=chars // 2, likely=chars, high=chars * 2)),
    text_share=shares,
    text_area=shares,
    in_paragraphs=shares,
    tones=shares,
    turned=st.booleans(),
)
measures = st.builds(
    lambda chars, covered, sample, paths, segments, annotations, side: replace(
        page(chars, covered), sample=sample, paths=paths, segments=segments, annotations=annotations, height_pt=side
    ),
    counts,
    shares,
    st.integers(0, 64).flatmap(
        lambda size: st.builds(
            TextSample, size=st.just(size), unseen=st.integers(0, size), unmapped=st.integers(0, size)
        )
    ),
    counts,
    counts,
    counts,
    st.floats(0, 1e7),
)


@given(measures, looks, st.sampled_from([None, "broken-words"]), counts)
def test_every_page_gets_a_verdict_that_is_whole(
    measure: PageMeasure, look: PixelLook | None, gibberish: str | None, annotated: int
) -> None:
    lies = layer_lies(measure, gibberish)

    verdict = judge(measure, lies, look, annotated=annotated)

    assert verdict.reasons
    assert (verdict.guess is not None) == verdict.needs_ocr
    assert not (verdict.needs_ocr and verdict.kind in (UnitKind.BLANK, UnitKind.UNREADABLE, UnitKind.IMAGE))
    assert judge(measure, lies, look, annotated=annotated) == verdict


@given(measures)
def test_what_is_not_looked_at_is_settled(measure: PageMeasure) -> None:
    lies = layer_lies(measure, None)

    verdict = judge(measure, lies, None)

    if not wants_look(measure, lies) and verdict.kind is UnitKind.UNREADABLE:
        assert verdict.reasons == ("impossible-size",)


@given(st.integers(1, 64), st.integers(0, 64))
def test_hidden_means_most_of_the_sample(size: int, unseen: int) -> None:
    measure = replace(page(500), sample=TextSample(size=size, unseen=min(size, unseen)))

    assert is_layer_hidden(measure) == (2 * min(size, unseen) >= size)
