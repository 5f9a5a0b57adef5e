"""Verify finds whatever was done to one unit of a piece, and to the manifest: 100 %."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import shutil
from typing import TYPE_CHECKING, Any

import pikepdf
import pytest
from cuttable import make_pdf, make_scan, noisy_jpeg
from PIL import Image

from preflight import SplitOptions, UserLimits, split, verify
from preflight.errors import BadManifest, FileMissing
from preflight.manifest import seal_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from preflight.slots import Slots


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory, workers: Slots) -> Path:
    """A document of twelve pages, every third with a picture, and its three pieces."""
    folder = tmp_path_factory.mktemp("pristine")
    source = make_pdf(folder / "plain.pdf", [12] * 12)
    with pikepdf.open(source) as pdf:
        for number in range(2, 12, 3):
            image = pdf.make_stream(noisy_jpeg(64, seed=number))
            image.update(
                pikepdf.Dictionary(
                    Type=pikepdf.Name.XObject,
                    Subtype=pikepdf.Name.Image,
                    Width=64,
                    Height=64,
                    ColorSpace=pikepdf.Name.DeviceGray,
                    BitsPerComponent=8,
                    Filter=pikepdf.Name.DCTDecode,
                )
            )
            page = pdf.pages[number]
            page.Resources.XObject = pikepdf.Dictionary(Im0=image)
            page.contents_add(pdf.make_stream(b"q 150 0 0 150 72 72 cm /Im0 Do Q"))
            page.contents_coalesce()
        pdf.save(folder / "report.pdf")
    split(
        folder / "report.pdf", folder / "out", limits=UserLimits(pages=4), options=SplitOptions(with_text=True),
        executor=workers,
    )  # fmt: skip
    return folder


@pytest.fixture
def pieces(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the pieces to do harm to."""
    shutil.copytree(pristine / "out", tmp_path / "out")
    return tmp_path / "out"


def middle(folder: Path) -> Path:
    return sorted(folder.glob("*.pdf"))[1]


def mutate(path: Path, change: Callable[[pikepdf.Pdf], None]) -> None:
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        change(pdf)
        pdf.save(path)


def drop(pdf: pikepdf.Pdf) -> None:
    del pdf.pages[1]


def duplicate(pdf: pikepdf.Pdf) -> None:
    pdf.pages.append(pdf.pages[1])


def swap(pdf: pikepdf.Pdf) -> None:
    pages = [pdf.pages[at].obj for at in (1, 0, 2, 3)]
    pdf.Root.Pages.Kids = pikepdf.Array(pages)


def replace_by_duplicate(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Pages.Kids[1] = pdf.pages[0].obj


def crop(pdf: pikepdf.Pdf) -> None:
    pdf.pages[1].CropBox = pikepdf.Array([72, 72, 500, 700])


def rotate(pdf: pikepdf.Pdf) -> None:
    pdf.pages[1].rotate(90, relative=True)


def edit_text(pdf: pikepdf.Pdf) -> None:
    page = pdf.pages[1]
    content = page.Contents.read_bytes()
    assert b"marked 0-6" in content
    page.Contents = pdf.make_stream(content.replace(b"marked 0-6", b"marked 0-7"))


def erase_line(pdf: pikepdf.Pdf) -> None:
    page = pdf.pages[1]
    lines = page.Contents.read_bytes().splitlines(keepends=True)
    at = next(place for place, line in enumerate(lines) if b"Tj" in line)
    page.Contents = pdf.make_stream(b"".join(lines[:at] + lines[at + 1 :]))


def reencode(pdf: pikepdf.Pdf) -> None:
    for page in pdf.pages:
        images = page.Resources.get("/XObject", {})
        if "/Im0" in images:
            image = images["/Im0"]
            picture = Image.open(io.BytesIO(image.read_raw_bytes()))
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=40)
            image.write(out.getvalue(), filter=pikepdf.Name.DCTDecode)
            return
    raise AssertionError


def draw_over(pdf: pikepdf.Pdf) -> None:
    pdf.pages[1].contents_add(pdf.make_stream(b"0 0 0 rg 100 700 200 40 re f"))


MUTATIONS = [drop, duplicate, swap, replace_by_duplicate, crop, rotate, edit_text, erase_line, reencode, draw_over]


def forge(folder: Path) -> None:
    """Make the manifest agree with the hashes of the files as they are now, seal included."""
    path = folder / "manifest.json"
    data = json.loads(path.read_bytes())
    for piece in data["pieces"]:
        found = (folder / piece["name"]).read_bytes()
        piece["size_bytes"], piece["sha256"] = len(found), hashlib.sha256(found).hexdigest()
    _seal(path, data)


def _seal(path: Path, data: dict[str, Any]) -> None:
    data["seal"] = seal_of(data)
    path.write_text(json.dumps(data))


def test_untouched_pieces_are_whole(pristine: Path, workers: Slots) -> None:
    found = verify(pristine / "out", against=pristine / "report.pdf", executor=workers)

    assert found.ok
    assert (found.pieces, found.units, found.compared) == (3, 12, 12)


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_changed_piece_is_found_by_its_hash(
    pieces: Path, workers: Slots, mutation: Callable[[pikepdf.Pdf], None]
) -> None:
    mutate(middle(pieces), mutation)

    found = verify(pieces, executor=workers)

    assert {"hash-differs"} <= {one.code for one in found.discrepancies}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_changed_piece_is_found_by_its_units_when_hashes_were_forged(
    pieces: Path, workers: Slots, mutation: Callable[[pikepdf.Pdf], None]
) -> None:
    mutate(middle(pieces), mutation)
    forge(pieces)

    found = verify(pieces, executor=workers)

    codes = {one.code for one in found.discrepancies}
    assert not found.ok
    assert codes <= {"content-differs", "text-differs", "unit-count-differs"}
    assert {one.piece for one in found.discrepancies} == {middle(pieces).name}


@pytest.mark.parametrize("mutation", [edit_text, crop, draw_over, reencode, rotate])
def test_even_with_forged_fingerprints_the_original_tells(
    pristine: Path, pieces: Path, workers: Slots, tmp_path: Path, mutation: Callable[[pikepdf.Pdf], None]
) -> None:
    """The whole manifest is made anew for the harmed piece; only the original can tell then."""
    mutate(middle(pieces), mutation)
    again = split(middle(pieces), tmp_path / "again", limits=UserLimits(pages=100), executor=workers).manifest
    path = pieces / "manifest.json"
    data = json.loads(path.read_bytes())
    for unit, forged in zip(data["pieces"][1]["units"], again.pieces[0].units, strict=True):
        unit["content"], unit["text"] = forged.content, forged.text
    _seal(path, data)
    forge(pieces)
    assert verify(pieces, executor=workers).ok

    found = verify(pieces, against=pristine / "report.pdf", executor=workers)

    codes = {one.code for one in found.discrepancies}
    assert "original-content-differs" in codes
    if mutation is not reencode:  # a weak picture of 64 pixels looks other, too, but less surely
        assert "looks-different" in codes


def test_a_truncated_a_missing_and_a_foreign_file(pieces: Path, workers: Slots) -> None:
    first, second, third = sorted(pieces.glob("*.pdf"))
    first.write_bytes(first.read_bytes()[:-200])
    second.unlink()
    third.with_name("stray.pdf").write_bytes(third.read_bytes())

    found = verify(pieces, executor=workers)

    told = {(one.code, one.piece) for one in found.discrepancies}
    assert ("hash-differs", first.name) in told
    assert ("size-differs", first.name) in told
    assert ("file-missing", second.name) in told
    assert any(code == "unlisted-file" for code, _ in told)


def test_pieces_that_changed_places(pieces: Path, workers: Slots) -> None:
    first, second, _ = sorted(pieces.glob("*.pdf"))
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)
    forge(pieces)

    found = verify(pieces, executor=workers)

    assert {one.piece for one in found.discrepancies if one.code == "text-differs"} == {first.name, second.name}


def test_text_beside_a_piece_is_held_to_its_hash(pieces: Path, workers: Slots) -> None:
    text = sorted(pieces.glob("*.txt"))[0]
    text.write_text(text.read_text() + "more")

    assert {"hash-differs", "size-differs"} == {one.code for one in verify(pieces, executor=workers).discrepancies}


def test_links_and_pipes_in_place_of_pieces_are_not_followed(pieces: Path, workers: Slots) -> None:
    piece = middle(pieces)
    moved = piece.rename(pieces.parent / "elsewhere.pdf")
    piece.symlink_to(moved)

    assert {"file-missing"} == {one.code for one in verify(pieces, executor=workers).discrepancies}


def _paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in plain data that holds a value."""
    if isinstance(data, dict):
        return [found for key, value in data.items() for found in _paths(value, (*path, key))]
    if isinstance(data, list):
        return [found for at, value in enumerate(data) for found in _paths(value, (*path, at))]
    return [path]


def _changed(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return 1
    if isinstance(value, int | float):
        return value + 1
    return ("0" if value[:1] != "0" else "1") + value[1:] if value else "x"


def test_any_change_of_the_manifest_is_found(pristine: Path, pieces: Path, workers: Slots) -> None:
    path = pieces / "manifest.json"
    whole = json.loads(path.read_bytes())
    places = [place for place in _paths(whole) if place[:1] != ("pieces",) or place[1] == 1]
    assert len(places) > 60
    missed = []
    for place in places:
        data = copy.deepcopy(whole)
        parent = data
        for key in place[:-1]:
            parent = parent[key]
        parent[place[-1]] = _changed(parent[place[-1]])
        path.write_text(json.dumps(data))
        try:
            if not _record_is_wrong(path):
                missed.append(place)
        except BadManifest:
            continue
    assert not missed


def _record_is_wrong(path: Path) -> bool:
    from preflight.manifest import load_manifest
    from preflight.record_check import check_record

    _, manifest, sealed = load_manifest(path)
    return bool(list(check_record(manifest, sealed=sealed)))


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("units-missing", lambda data: data["pieces"].pop(1)),
        ("units-twice", lambda data: data["pieces"].insert(1, data["pieces"][1])),
        ("order-wrong", lambda data: data["pieces"].reverse()),
        ("over-limit", lambda data: data["pieces"][0]["tokens"].update(high=10**9) or _limit_tokens(data)),
        ("name-not-allowed", lambda data: data["pieces"][0].update(name="../x.pdf")),
        ("name-twice", lambda data: data["pieces"][0].update(name=data["pieces"][1]["name"])),
        ("units-not-listed", lambda data: data["pieces"][0].update(last=3)),
        ("limits-differ", lambda data: data["settings"]["limits"].update(pages=100)),
        ("units-unknown", lambda data: data.update(unit_count=11)),
        ("units-unknown", lambda data: data["quarantined"].append({"number": 2, "code": "x", "message": "y"})),
    ],
)
def test_what_a_sealed_manifest_gets_wrong_is_named(
    pieces: Path, workers: Slots, code: str, change: Callable[[dict[str, Any]], object]
) -> None:
    path = pieces / "manifest.json"
    data = json.loads(path.read_bytes())
    change(data)
    _seal(path, data)

    assert code in {one.code for one in verify(pieces, executor=workers).discrepancies}


def _limit_tokens(data: dict[str, Any]) -> None:
    data["settings"]["limits"]["tokens"] = 1000
    used = dict(data["settings"]["limits_used"][0])
    data["settings"]["limits_used"].append(used | {"measure": "tokens", "max": 1000})


def test_the_wrong_original_is_said(pieces: Path, samples: Path, workers: Slots) -> None:
    found = verify(pieces, against=samples / "report.pdf", executor=workers)

    assert "source-differs" in {one.code for one in found.discrepancies}
    assert "original-text-differs" in {one.code for one in found.discrepancies}


def test_pieces_of_text_are_held_against_the_original(tmp_path: Path, samples: Path, workers: Slots) -> None:
    source = samples / "report.pdf"
    options = SplitOptions(form="text")
    split(source, tmp_path / "out", limits=UserLimits(tokens=500), options=options, executor=workers)
    assert verify(tmp_path / "out", against=source, executor=workers).ok
    piece = sorted((tmp_path / "out").glob("*.txt"))[1]
    piece.write_bytes(piece.read_bytes().replace(b"e", b"a", 1))

    assert not verify(tmp_path / "out", executor=workers).ok
    data = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    from preflight.fingerprints import text_print

    record = data["pieces"][1]
    at, whole = 0, piece.read_bytes()
    for unit in record["units"]:
        part = whole[at : at + unit["size_bytes"]]
        at += unit["size_bytes"]
        unit["content"], unit["text"] = hashlib.sha256(part).hexdigest(), text_print(part.decode())
    _seal(tmp_path / "out" / "manifest.json", data)
    forge(tmp_path / "out")
    assert verify(tmp_path / "out", executor=workers).ok
    found = verify(tmp_path / "out", against=source, executor=workers)
    assert {"original-text-differs"} == {one.code for one in found.discrepancies}


def test_what_is_no_manifest(tmp_path: Path, workers: Slots) -> None:
    with pytest.raises(FileMissing):
        verify(tmp_path, executor=workers)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(BadManifest):
        verify(tmp_path, executor=workers)


def test_looks_of_as_many_as_wanted_are_compared_and_of_all_that_were_altered(tmp_path: Path, workers: Slots) -> None:
    source = make_scan(tmp_path / "scan.pdf", [120, 120, 120, 2400, 120, 120, 120])
    split(source, tmp_path / "out", limits=UserLimits(bytes=1_000_000), executor=workers)

    compared = [
        verify(tmp_path / "out", against=source, looks=looks, executor=workers).compared for looks in (0, 2, 5, None)
    ]

    assert compared == [1, 3, 5, 7]
