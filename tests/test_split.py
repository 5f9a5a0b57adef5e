"""Splitting, from a document to a folder: every limit kept on the bytes written, every unit once, nothing by halves."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pikepdf
import pytest
from cuttable import make_pdf, make_scan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from extractors.errors import ExtractionError
from preflight import SplitOptions, UserLimits, split, verify
from preflight.errors import (
    BadManifest,
    DecryptionNotAllowed,
    NotAccepted,
    OutputError,
    Stopped,
    UnitOverLimit,
    UnknownTarget,
    UsageError,
)
from preflight.limits import raw_bytes_max
from preflight.manifest import read_manifest
from preflight.names import safe_stem

if TYPE_CHECKING:
    from preflight.manifest import Manifest
    from preflight.slots import Slots

ONLY_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]  # the latter looks at the clock


def numbers(manifest: Manifest) -> list[int]:
    return [unit.number for piece in manifest.pieces for unit in piece.units]


def test_pieces_keep_every_limit_and_every_page_is_there_once(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "report.pdf", [40] * 30, chapters=7)

    result = split(
        source, tmp_path / "out", target="anthropic-messages", via=["nginx"],
        limits=UserLimits(bytes=9_000, pages=8), executor=workers,
    )  # fmt: skip

    manifest = result.manifest
    assert numbers(manifest) == list(range(1, 31))
    for piece in manifest.pieces:
        written = (tmp_path / "out" / piece.name).stat().st_size
        assert written == piece.size_bytes <= 9_000
        assert piece.last - piece.first + 1 <= 8
        with pikepdf.open(tmp_path / "out" / piece.name) as pdf:
            assert len(pdf.pages) == piece.last - piece.first + 1
    names = [piece.name for piece in manifest.pieces]
    assert names == sorted(names)
    assert re.fullmatch(r"report-001-of-00\d-p0001-00\d\d\.pdf", names[0])
    assert verify(tmp_path / "out", against=source, executor=workers).ok
    assert result.complete


def test_a_document_that_fits_is_one_piece(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "small.pdf", [5, 5])

    result = split(source, tmp_path / "out", target="anthropic-messages", executor=workers)

    assert [piece.name for piece in result.manifest.pieces] == ["small-001-of-001-p0001-0002.pdf"]


def test_the_manifest_is_as_the_contract_says(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "report.pdf", [10] * 4)
    split(source, tmp_path / "out", target="bedrock-converse", limits=UserLimits(pages=2), executor=workers)

    data = json.loads((tmp_path / "out" / "manifest.json").read_bytes())

    assert set(data) >= {"schema", "tool", "source", "settings", "unit_kind", "unit_count", "pieces", "quarantined"}
    assert data["schema"] == "preflight/manifest/1"
    assert set(data["source"]) == {"name", "size_bytes", "sha256", "media_type"}
    assert data["settings"]["target"] == "bedrock-converse"
    assert data["settings"]["as"] == "document"
    assert data["settings"]["limits"]["bytes"] == 4_500_000
    assert data["settings"]["limits"]["pages"] == 2
    used = {(one["measure"], one["by"]) for one in data["settings"]["limits_used"]}
    assert {("pages", "user"), ("bytes", "bedrock-converse")} <= used
    assert all(one["source"] for one in data["settings"]["limits_used"])
    piece = data["pieces"][0]
    assert set(piece) >= {
        "index", "name", "media_type", "first", "last", "size_bytes", "sha256", "tokens", "units", "changes",
    }  # fmt: skip
    assert set(piece["units"][0]) == {"number", "content", "text"}
    assert set(piece["tokens"]) == {"low", "likely", "high"}
    assert str(tmp_path) not in (tmp_path / "out" / "manifest.json").read_text()


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "report.pdf", [30] * 12)
    limits = UserLimits(bytes=6_000)

    split(source, tmp_path / "one", limits=limits, executor=workers)
    split(source, tmp_path / "two", limits=limits, executor=workers)

    first, second = ({path.name: path.read_bytes() for path in (tmp_path / one).iterdir()} for one in ("one", "two"))
    assert first == second
    assert len(first) > 3


def test_base64_is_counted_where_the_target_counts_it(tmp_path: Path, workers: Slots) -> None:
    source = make_scan(tmp_path / "scan.pdf", [600] * 6)

    result = split(source, tmp_path / "out", target="anthropic-messages", via=["nginx"], executor=workers)

    (limit,) = (one for one in result.manifest.settings.limits_used if one.measure == "bytes")
    assert limit.by == "nginx"
    assert limit.encoded
    assert len(result.manifest.pieces) > 1
    for piece in result.manifest.pieces:
        assert piece.size_bytes <= raw_bytes_max(limit)
        assert -(-piece.size_bytes // 3) * 4 + limit.overhead_bytes <= limit.max == 1_048_576


def test_a_page_too_large_alone_is_made_smaller_just_enough_and_joins_its_neighbours(
    tmp_path: Path, workers: Slots
) -> None:
    source = make_scan(tmp_path / "scan.pdf", [120, 2400, 120])

    result = split(source, tmp_path / "out", limits=UserLimits(bytes=1_000_000), executor=workers)

    (piece,) = result.manifest.pieces
    assert (piece.first, piece.last) == (1, 3)
    assert piece.size_bytes <= 1_000_000
    (change,) = [change for change in piece.changes if change.code == "shrunk"]
    assert change.units == (2,)
    assert int(change.before["bytes"]) > 1_000_000 > int(change.after["bytes"])
    assert int(change.before["pixels"]) == 2400 * 2400
    assert [unit.original is None for unit in piece.units] == [True, False, True]
    assert verify(tmp_path / "out", against=source, executor=workers).ok


def test_pages_made_smaller_do_not_cost_pieces(tmp_path: Path, workers: Slots) -> None:
    source = make_scan(tmp_path / "scan.pdf", [300, 300, 2400, 300, 2400, 300, 300])

    result = split(source, tmp_path / "out", limits=UserLimits(bytes=1_000_000), executor=workers)

    pieces = result.manifest.pieces
    shrunk = [number for piece in pieces for one in piece.changes if one.code == "shrunk" for number in one.units]
    total = sum(piece.size_bytes for piece in pieces)
    assert shrunk == [3, 5]
    assert numbers(result.manifest) == list(range(1, 8))
    assert len(pieces) == -(-total // 1_000_000) == 2
    assert verify(tmp_path / "out", against=source, executor=workers).ok


def test_a_png_goes_through_gentle_steps_first_and_is_called_what_it_becomes(
    tmp_path: Path, samples: Path, workers: Slots
) -> None:
    found = {}
    for most in (300_000, 150_000, 30_000):
        folder = tmp_path / str(most)
        result = split(samples / "page.png", folder, limits=UserLimits(bytes=most), executor=workers)
        (piece,) = result.manifest.pieces
        assert piece.size_bytes <= most
        assert verify(folder, against=samples / "page.png", executor=workers).ok
        found[most] = (Path(piece.name).suffix, piece.media_type, piece.changes[0].after["jpeg_quality"])
    assert found == {
        300_000: (".jpg", "image/jpeg", 90),
        150_000: (".jpg", "image/jpeg", 65),
        30_000: (".png", "image/png", 0),
    }
    assert "quality" not in piece.changes[0].message


def test_pieces_keep_the_extension_of_the_document_or_say_why_not(tmp_path: Path, corpus: Path, workers: Slots) -> None:
    frames = tmp_path / "fax.TIF"
    picture = Image.new("L", (60, 80), 200)
    picture.save(frames, "TIFF", save_all=True, append_images=[picture])
    macros = next(corpus.rglob("*.docm"))

    plain = split(frames, tmp_path / "a", limits=UserLimits(pages=1), executor=workers).manifest
    without = split(macros, tmp_path / "b", limits=UserLimits(tokens=10**6), executor=workers).manifest
    kept = SplitOptions(active_content="keep")
    within = split(macros, tmp_path / "c", limits=UserLimits(tokens=10**6), options=kept, executor=workers).manifest

    assert [Path(piece.name).suffix for piece in plain.pieces] == [".tif", ".tif"]
    assert [Path(piece.name).suffix for piece in (*without.pieces, *within.pieces)] == [".docx", ".docm"]
    changes = [[change.code for change in manifest.pieces[0].changes] for manifest in (without, within)]
    assert "media-type-changed" in changes[0]
    assert "media-type-changed" not in changes[1]


def test_never_shrink_never_over(tmp_path: Path, workers: Slots) -> None:
    source = make_scan(tmp_path / "scan.pdf", [120, 1200])

    with pytest.raises(UnitOverLimit, match=r"Page 2 alone.*--shrink auto") as failure:
        split(
            source, tmp_path / "out", limits=UserLimits(bytes=300_000), options=SplitOptions(shrink="never"),
            executor=workers,
        )  # fmt: skip

    assert failure.value.unit == 2
    assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["scan.pdf"]


def test_a_page_over_the_tokens_is_offered_as_text(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "report.pdf", [50])

    with pytest.raises(UnitOverLimit, match="--as text"):
        split(source, tmp_path / "out", limits=UserLimits(tokens=200), executor=workers)
    result = split(
        source, tmp_path / "out", limits=UserLimits(tokens=200), options=SplitOptions(form="text"), executor=workers
    )

    assert len(result.manifest.pieces) >= 4
    assert all(piece.tokens is not None and piece.tokens.high <= 200 for piece in result.manifest.pieces)
    assert verify(tmp_path / "out", against=source, executor=workers).ok


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_text_pieces_hold_all_of_the_text(tmp_path: Path, samples: Path, workers: Slots, form: str) -> None:
    options = SplitOptions(form="text" if form == "text" else "markdown")

    result = split(samples / "letter.docx", tmp_path / "out", limits=UserLimits(bytes=500), options=options,
                   executor=workers)  # fmt: skip

    whole = "".join((tmp_path / "out" / piece.name).read_text("utf-8") for piece in result.manifest.pieces)
    for wanted in ("Sample letter, header", "Is this still true?", "second item"):
        assert wanted in whole
    assert all(piece.size_bytes <= 500 for piece in result.manifest.pieces)
    assert {piece.name.rpartition(".")[2] for piece in result.manifest.pieces} == {"txt" if form == "text" else "md"}


def test_text_lies_beside_each_piece_with_absolute_page_numbers(tmp_path: Path, samples: Path, workers: Slots) -> None:
    result = split(
        samples / "mixed.pdf", tmp_path / "out", limits=UserLimits(pages=2), options=SplitOptions(with_text=True),
        executor=workers,
    )  # fmt: skip

    second = result.manifest.pieces[1]
    assert second.text is not None
    assert second.text.name == second.name.replace(".pdf", ".txt")
    text = (tmp_path / "out" / second.text.name).read_text("utf-8")
    assert f"--- page {second.first}" in text
    assert "OCR, confidence" in text
    assert result.manifest.settings.ocr.startswith("tesserocr")
    assert verify(tmp_path / "out", executor=workers).ok


def test_damaged_pages_are_left_out_and_named(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "good.pdf", [10] * 6)
    broken = tmp_path / "broken.pdf"
    with pikepdf.open(source) as pdf:
        pdf.pages[2].obj["/Type"] = pikepdf.Name.Nonsense
        pdf.pages[2].obj["/Contents"] = pikepdf.Array([pikepdf.Array([])])
        pdf.pages[3].obj["/MediaBox"] = pikepdf.Array([])
        pdf.save(broken)

    result = split(broken, tmp_path / "out", limits=UserLimits(pages=4), executor=workers)

    gone = {one.number for one in result.manifest.quarantined}
    assert sorted([*numbers(result.manifest), *gone]) == [1, 2, 3, 4, 5, 6]
    assert result.complete == (not gone)
    assert verify(tmp_path / "out", executor=workers).ok


def test_encryption_goes_only_when_somebody_allows_it(tmp_path: Path, workers: Slots) -> None:
    strict = pikepdf.Encryption(owner="owner", user="user", allow=pikepdf.Permissions(extract=False))
    source = make_scan(tmp_path / "secret.pdf", [60, 60], encrypt=strict)
    limits = UserLimits(pages=1)

    with pytest.raises(Stopped) as no_password:
        split(source, tmp_path / "a", limits=limits, executor=workers)
    assert no_password.value.problem.exit_code == 77
    with pytest.raises(DecryptionNotAllowed, match="--decrypt"):
        split(source, tmp_path / "a", limits=limits, options=SplitOptions(password="user"), executor=workers)
    asked = split(
        source, tmp_path / "a", limits=limits, options=SplitOptions(password="user", decrypt=True), executor=workers
    )
    split(source, tmp_path / "b", limits=limits, options=SplitOptions(password="owner"), executor=workers)

    assert all("decrypted" in {change.code for change in piece.changes} for piece in asked.manifest.pieces)
    assert verify(tmp_path / "b", against=source, password="user", executor=workers).ok


def test_active_content_is_stripped_kept_or_rejected(tmp_path: Path, workers: Slots) -> None:
    source = tmp_path / "active.pdf"
    with pikepdf.open(make_pdf(tmp_path / "plain.pdf", [3, 3])) as pdf:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
        pdf.save(source)
    limits = UserLimits(pages=1)

    stripped = split(source, tmp_path / "strip", limits=limits, executor=workers)
    split(source, tmp_path / "keep", limits=limits, options=SplitOptions(active_content="keep"), executor=workers)
    with pytest.raises(Stopped) as rejected:
        split(source, tmp_path / "no", limits=limits, options=SplitOptions(active_content="reject"), executor=workers)

    assert "active-content-stripped" in {change.code for change in stripped.manifest.pieces[0].changes}
    assert b"app.alert" not in (tmp_path / "strip" / stripped.manifest.pieces[0].name).read_bytes()
    assert rejected.value.problem.code == "active-content"
    assert not (tmp_path / "no").exists()


def test_what_the_target_does_not_take_is_said_before_anything_is_cut(
    tmp_path: Path, samples: Path, workers: Slots
) -> None:
    with pytest.raises(NotAccepted, match="does not take"):
        split(samples / "letter.docx", tmp_path / "out", target="textract", executor=workers)
    with pytest.raises(UsageError, match="what the pieces are for"):
        split(samples / "report.pdf", tmp_path / "out", executor=workers)
    with pytest.raises(UnknownTarget):
        split(samples / "report.pdf", tmp_path / "out", target="antropic", executor=workers)
    with pytest.raises(UsageError):
        split(samples / "report.pdf", tmp_path / "out", limits=UserLimits(bytes=0), executor=workers)
    (tmp_path / "empty.pdf").touch()
    with pytest.raises(ExtractionError):
        split(tmp_path / "empty.pdf", tmp_path / "out", target="textract", executor=workers)
    assert not (tmp_path / "out").exists()


def test_a_former_result_is_replaced_only_by_force(tmp_path: Path, workers: Slots) -> None:
    source, out = make_pdf(tmp_path / "report.pdf", [5] * 4), tmp_path / "out"
    split(source, out, limits=UserLimits(pages=1), executor=workers)

    with pytest.raises(OutputError, match="--force"):
        split(source, out, limits=UserLimits(pages=2), executor=workers)
    split(source, out, limits=UserLimits(pages=2), options=SplitOptions(force=True), executor=workers)

    manifest, sealed = read_manifest((out / "manifest.json").read_bytes())
    assert sealed
    assert sorted(path.name for path in out.iterdir()) == sorted(["manifest.json", *manifest.file_names()])
    assert len(manifest.pieces) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "report.pdf"]
    (out / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"mine\.txt"):
        split(source, out, limits=UserLimits(pages=2), options=SplitOptions(force=True), executor=workers)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("report.pdf", "report"),
        ("a/b\\c.pdf", "a-b-c"),
        ("..pdf", "document"),
        ("---.pdf", "document"),
        ("exe.\u202efdp.pdf", "exe-fdp"),
        ("tab\tnew\nline.pdf", "tab-new-line"),
        ("Jahresbericht 2024 (final).docx", "Jahresbericht 2024 (final)"),
        ("x" * 300 + ".pdf", "x" * 80),
        ("漢" * 300 + ".pdf", "漢" * 53),
        ("under_score.v2.pdf", "under-score-v2"),
    ],
)
def test_names_are_safe(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


def test_no_manifest_is_no_manifest() -> None:
    for data in (b"", b"[]", b"{}", b"\xff", b'{"schema": "preflight/manifest/2"}', b"[" * 100_000):
        with pytest.raises(BadManifest):
            read_manifest(data)


@settings(max_examples=15, deadline=None, suppress_health_check=ONLY_FIXTURES)
@given(
    lines=st.lists(st.integers(0, 50), min_size=1, max_size=12),
    most=st.integers(3_000, 20_000),
    pages=st.integers(1, 12),
)
def test_whatever_the_limits_all_of_it_fits_or_nothing_is_written(
    tmp_path_factory: pytest.TempPathFactory, workers: Slots, lines: list[int], most: int, pages: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    source = make_pdf(folder / "any.pdf", lines, chapters=3)
    try:
        result = split(source, folder / "out", limits=UserLimits(bytes=most, pages=pages), executor=workers)
    except UnitOverLimit:
        assert not (folder / "out").exists()
        return
    assert numbers(result.manifest) == list(range(1, len(lines) + 1))
    assert all(piece.size_bytes <= most and len(piece.units) <= pages for piece in result.manifest.pieces)
    assert verify(folder / "out", against=source, executor=workers).ok


def test_what_nobody_asked_for_is_not_worked_out(tmp_path: Path, workers: Slots) -> None:
    source = make_scan(tmp_path / "scan.pdf", [300, 300])

    by_size = split(source, tmp_path / "a", limits=UserLimits(pages=1, bytes=10**6), executor=workers)
    by_tokens = split(source, tmp_path / "b", limits=UserLimits(pages=1, tokens=10**6), executor=workers)

    assert [piece.tokens for piece in by_size.manifest.pieces] == [None, None]
    assert by_size.report.estimate is not None
    assert by_size.report.estimate.tokens is None
    assert all(piece.tokens is not None for piece in by_tokens.manifest.pieces)
    hashes = [[piece.sha256 for piece in one.manifest.pieces] for one in (by_size, by_tokens)]
    assert hashes[0] == hashes[1]
