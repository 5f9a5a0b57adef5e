"""Tables larger than a piece may be: divided by rows, into as few pieces as their rows allow."""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
import string
from typing import TYPE_CHECKING

import docx_samples as samples
import pytest
from cuttable import words
from docx_pieces import main_part, options, rewritten

from extractors.base import ReadLimits
from extractors.docx.cutting.cutter import docx_cutter
from extractors.docx.cutting.fingerprint import block_fingerprints, row_fingerprints
from preflight import UserLimits, check, join, split, verify
from preflight.errors import UnitOverLimit
from preflight.manifest import seal_of
from preflight.tokens import measure

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.slots import Slots

LETTERS = string.ascii_letters + string.digits + "+/"

COUNTS = [4, 90, 4, 60, 4, 4, 200, 4, 4, 120, 4, 30, 30, 4, 4] * 3
ROWS = [(str(at), words(at, count)) for at, count in enumerate(COUNTS)]
"""Number and words of each row below the header."""


def tokens_of(text: str) -> int:
    return measure(1, text).o200k


def with_table(path: Path) -> Path:
    table = samples.table([["Number", "What it is"], *map(list, ROWS)], headers=1)
    path.write_bytes(samples.make(samples.p("before") + table + samples.p("after")))
    return path


def fewest(room: int) -> int:
    """Pieces that filling each as far as it goes takes, with so many tokens left beside the header."""
    pieces, left = 0, -1
    for number, text in ROWS:
        size = tokens_of(f"{number}\t{text}\n")
        if size > left:
            pieces, left = pieces + 1, room
        left -= size
    return pieces


@pytest.mark.parametrize("most", [270, 430, 1000])
def test_a_table_is_divided_into_the_fewest_pieces(tmp_path: Path, workers: Slots, most: int) -> None:
    source = with_table(tmp_path / "list.docx")

    result = split(source, tmp_path / "out", limits=UserLimits(tokens=most), executor=workers)

    pieces = result.manifest.pieces
    spans = [piece.rows for piece in pieces[1:-1] if piece.rows]
    assert [row for first, last in spans for row in range(first, last + 1)] == list(range(1, len(ROWS) + 2))
    assert len(pieces) - 2 == fewest(most - tokens_of("Number\tWhat it is\n"))
    for piece in pieces[1:-1]:
        report = check(tmp_path / "out" / piece.name, executor=workers)
        assert report.estimate is not None
        assert report.estimate.tokens == piece.tokens
        assert piece.tokens is not None
        assert piece.tokens.high <= most
    assert verify(tmp_path / "out", against=source, executor=workers).ok


@pytest.mark.parametrize("harm", ["another word", "a row less", "two rows changed over"])
def test_rows_are_held_against_the_original(tmp_path: Path, workers: Slots, harm: str) -> None:
    """A table is in no piece as a whole; a piece altered together with all of the manifest is found all the same."""
    source, out = with_table(tmp_path / "list.docx"), tmp_path / "out"
    result = split(source, out, limits=UserLimits(tokens=430), executor=workers)
    piece = next(one for one in result.manifest.pieces if one.rows and one.rows[1] - one.rows[0] > 3)
    path, last = out / piece.name, ROWS[piece.rows[1] - 2 if piece.rows else 0]
    name, body = main_part(path.read_bytes())
    rows = re.findall(rb"<w:tr>.*?</w:tr>|<w:tr .*?</w:tr>", body, re.DOTALL)
    harmed = {
        "another word": body.replace(last[1].split()[0].encode(), b"forged", 1),
        "a row less": body.replace(rows[-1], b""),
        "two rows changed over": body.replace(rows[-2] + rows[-1], rows[-1] + rows[-2]),
    }[harm]
    assert harmed != body
    path.write_bytes(rewritten(path.read_bytes(), {name: harmed}))
    data = json.loads((out / "manifest.json").read_bytes())
    told = data["pieces"][piece.index - 1]
    told["size_bytes"], told["sha256"] = path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()
    told["units"][0]["content"] = next(block_fingerprints(io.BytesIO(path.read_bytes()), ReadLimits()))[1]
    data["seal"] = seal_of(data)
    (out / "manifest.json").write_text(json.dumps(data))

    found = verify(out, against=source, executor=workers).discrepancies

    assert ("original-rows-differ", (2,)) in [(one.code, one.units) for one in found]


def test_a_piece_of_rows_is_split_again(tmp_path: Path, workers: Slots) -> None:
    """Its header rows that the first cut repeated are rows like others then, and counted from the first."""
    first = split(
        with_table(tmp_path / "list.docx"), tmp_path / "first", limits=UserLimits(tokens=1000), executor=workers
    )
    source = tmp_path / "first" / next(one.name for one in first.manifest.pieces if one.rows and one.rows[0] > 1)

    again = split(source, tmp_path / "again", limits=UserLimits(tokens=430), executor=workers)

    assert again.complete
    assert len([one for one in again.manifest.pieces if one.rows]) > 1
    assert verify(tmp_path / "again", against=source, executor=workers).ok
    join(tmp_path / "again", tmp_path / "joined.docx", executor=workers)
    (rows, joined) = (
        list(row_fingerprints(io.BytesIO(path.read_bytes()), ReadLimits(), 1))
        for path in (source, tmp_path / "joined.docx")
    )
    assert rows == joined


def test_a_table_over_the_bytes_is_divided_into_few_pieces(tmp_path: Path, workers: Slots) -> None:
    source = tmp_path / "list.docx"
    chosen = random.Random(1)
    rows = [[f"{at}", "".join(chosen.choice(LETTERS) for _ in range(4000))] for at in range(40)]
    source.write_bytes(samples.make(samples.p("before") + samples.table(rows)))
    most = 30_000

    result = split(source, tmp_path / "out", limits=UserLimits(bytes=most), executor=workers)

    pieces = [piece for piece in result.manifest.pieces if piece.rows]
    assert max(piece.size_bytes for piece in pieces) <= most
    row = 4000 * 3 // 4  # of 64 letters, four are three bytes when compressed
    base = min(piece.size_bytes - row * (piece.rows[1] - piece.rows[0] + 1) for piece in pieces if piece.rows)
    assert (len(pieces) - 1) * ((most - base) // row) < len(rows)


def test_a_row_alone_over_a_limit_is_named(tmp_path: Path, workers: Slots) -> None:
    with pytest.raises(UnitOverLimit, match="Row 8 of the table in block 2 alone"):
        split(with_table(tmp_path / "list.docx"), tmp_path / "out", limits=UserLimits(tokens=190), executor=workers)
    assert not (tmp_path / "out").exists()


def test_rows_tell_how_long_their_text_is() -> None:
    data = samples.make(samples.p("x") + samples.table([["ab", "c"], ["", ""], [samples.table([["defg"]]), "h"]]))
    with docx_cutter(io.BytesIO(data), options()) as cutter:
        assert cutter.row_lengths(2) == (3, 0, 5)
        assert cutter.row_lengths(1) == ()
