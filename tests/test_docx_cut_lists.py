"""Lists that go on after a cut show the numbers they had."""

from __future__ import annotations

import io
from dataclasses import dataclass

import docx_samples as samples
from docx_pieces import cut, entry, fingerprints, joined, main_part, options, pieces_of, unit_texts
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.docx.cutting.cutter import docx_cutter

FORMS = ("decimal", "lowerLetter", "upperRoman", "bullet")


def test_headings_numbered_by_style_keep_number_and_indent() -> None:
    with docx_cutter(io.BytesIO(samples.outline()), options()) as cutter:
        piece, changes = cut(cutter, 6, 9)
    assert [text.split("|")[-1] for text in unit_texts(piece)] == [
        "1.2.II Deep again",
        "1.3 One three",
        "2. Two",
        "2.1 Two one",
    ]
    assert [(change.code, change.units) for change in changes] == [("lists-continued", (6, 7, 8, 9))]
    _, body = main_part(piece)
    # A list given directly would set the indent of the list over the style's own: the style's is repeated.
    assert b'<w:ind cut:added="1" w:left="300" w:firstLine="0"/>' in body.replace(b"xmlns:", b"")
    numbering = entry(piece, "word/numbering.xml")
    assert b'<w:lvlText w:val="1.2.%3"/>' in numbering
    assert b"startOverride" in numbering


def test_a_list_that_begins_in_the_piece_is_left_alone() -> None:
    data = samples.outline()
    assert entry(pieces_of(data, 9)[0], "word/numbering.xml") == entry(data, "word/numbering.xml")
    assert b"cut:" not in main_part(pieces_of(data)[0])[1]


@dataclass(frozen=True)
class Lists:
    """A document of paragraphs (list 0: in none) in five lists over two definitions, and where it is cut."""

    forms: tuple[tuple[tuple[str, str, int | None], ...], ...]
    nums: tuple[tuple[int, tuple[int | None, ...]], ...]
    items: tuple[tuple[int, int], ...]
    ends: tuple[int, ...]

    def document(self) -> bytes:
        """Return it as a DOCX."""
        abstracts = {
            key: samples.levels(
                *(
                    ("bullet", "•")
                    if form == "bullet"
                    else (form, ".".join(f"%{at + 1}" for at in range(level + 1)) + end)
                    for level, (form, end, _) in enumerate(forms)
                ),
                restarts={level: restart for level, (_, _, restart) in enumerate(forms) if restart is not None},
            )
            for key, forms in enumerate(self.forms, 1)
        }
        nums = {
            number: (
                abstract,
                "".join(
                    f'<w:lvlOverride w:ilvl="{level}"><w:startOverride w:val="{start}"/></w:lvlOverride>'
                    for level, start in enumerate(starts)
                    if start is not None
                ),
            )
            for number, (abstract, starts) in enumerate(self.nums, 1)
        }
        blocks = "".join(
            samples.item(f"i{at}", num, level) if num else samples.p(f"p{at}")
            for at, (num, level) in enumerate(self.items)
        )
        return samples.make(blocks + samples.SECTION, {"word/numbering.xml": samples.numbering(abstracts, nums)})


_LEVEL = st.tuples(st.sampled_from(FORMS), st.sampled_from((".", ")")), st.sampled_from((None, None, None, 0, 1, 2)))
_NUM = st.tuples(st.sampled_from((1, 2)), st.tuples(*[st.none() | st.integers(1, 9)] * 3))


@st.composite
def lists(draw: st.DrawFn) -> Lists:
    items = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=2, max_size=14))
    return Lists(
        forms=draw(st.tuples(*[st.tuples(_LEVEL, _LEVEL, _LEVEL)] * 2)),
        nums=draw(st.tuples(*[_NUM] * 5)),
        items=tuple(items),
        ends=tuple(sorted(draw(st.sets(st.integers(1, len(items) - 1), min_size=1, max_size=3)))),
    )


@settings(max_examples=100, deadline=None)
@given(lists())
def test_any_list_cut_anywhere_shows_its_numbers(drawn: Lists) -> None:
    data = drawn.document()
    pieces = pieces_of(data, *drawn.ends)
    assert [text for piece in pieces for text in unit_texts(piece)] == unit_texts(data)
    assert [found for piece in pieces for found in fingerprints(piece)] == fingerprints(data)
    assert unit_texts(joined(pieces)) == unit_texts(data)
