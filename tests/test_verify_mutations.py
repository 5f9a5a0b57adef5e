"""Whatever is done to one unit of a piece, verify finds it: any kind of document, any place, hashes forged or not."""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docx_samples as samples
import pikepdf
import pytest
from cuttable import make_pdf, noisy_jpeg, words
from docx_pieces import main_part, rewritten
from lxml import etree
from pikepdf import Dictionary, Name
from PIL import Image, ImageSequence

from preflight import SplitOptions, UserLimits, split, verify
from preflight.manifest import seal_of
from preflight.slots import Slots

Mutation = Callable[[bytes, random.Random], bytes]
ROUNDS = 3
UNITS, PIECES = 12, 4


# --- PDF ---


def pdf_source(path: Path) -> Path:
    with pikepdf.open(make_pdf(path, [6] * UNITS)) as pdf:
        for number, page in enumerate(pdf.pages):
            image = pdf.make_stream(noisy_jpeg(64, seed=number))
            image.update(Dictionary(Type=Name.XObject, Subtype=Name.Image, Width=64, Height=64))
            image.update(Dictionary(ColorSpace=Name.DeviceGray, BitsPerComponent=8, Filter=Name.DCTDecode))
            page.Resources["/XObject"] = Dictionary(Im0=image)
            page.contents_add(pdf.make_stream(b"q 64 0 0 64 300 100 cm /Im0 Do Q"))
        pdf.save(path.with_name("report.pdf"), static_id=True)
    return path.with_name("report.pdf")


def pdf(change: Callable[[pikepdf.Pdf, int, random.Random], None]) -> Mutation:
    """A change of one page, by its index."""

    def mutate(data: bytes, chance: random.Random) -> bytes:
        out = io.BytesIO()
        with pikepdf.open(io.BytesIO(data)) as opened:
            change(opened, chance.randrange(len(opened.pages)), chance)
            opened.save(out)
        return out.getvalue()

    return mutate


def pdf_drop(opened: pikepdf.Pdf, at: int, _chance: random.Random) -> None:
    del opened.pages[at]


def pdf_duplicate(opened: pikepdf.Pdf, at: int, chance: random.Random) -> None:
    opened.pages.insert(chance.randint(0, len(opened.pages)), opened.pages[at])


def pdf_replace(opened: pikepdf.Pdf, at: int, _chance: random.Random) -> None:
    opened.pages[at] = opened.pages[at - 1]


def pdf_swap(opened: pikepdf.Pdf, at: int, _chance: random.Random) -> None:
    one = opened.pages[at]
    del opened.pages[at]
    opened.pages.insert((at + 1) % (len(opened.pages) + 1), one)


def pdf_crop(opened: pikepdf.Pdf, at: int, chance: random.Random) -> None:
    opened.pages[at].cropbox = [0, 0, 595 - chance.randint(1, 300), 842 - chance.randint(1, 300)]


def pdf_reencode(opened: pikepdf.Pdf, at: int, chance: random.Random) -> None:
    image = opened.pages[at].Resources.XObject.Im0
    out = io.BytesIO()
    Image.open(io.BytesIO(image.read_raw_bytes())).save(out, "JPEG", quality=chance.randint(5, 80))
    image.write(out.getvalue(), filter=Name.DCTDecode)


def pdf_text(opened: pikepdf.Pdf, at: int, chance: random.Random) -> None:
    """Alter one letter."""
    page = opened.pages[at]
    page.contents_coalesce()
    content = bytearray(page.Contents.read_bytes())
    letters = [
        place
        for begin, end in ((hit.start(), hit.end()) for hit in re.finditer(rb"\([a-z ]{9,}\)", content))
        for place in range(begin + 1, end - 1)
        if 97 <= content[place] < 122
    ]
    content[chance.choice(letters)] += 1
    page.Contents = opened.make_stream(bytes(content))


def pdf_cover(opened: pikepdf.Pdf, at: int, chance: random.Random) -> None:
    box = f"{chance.randint(80, 200)} {chance.randint(600, 700)} 40 9"
    opened.pages[at].contents_add(opened.make_stream(f"1 g {box} re f".encode()))


# --- DOCX ---


def docx_source(path: Path) -> Path:
    blocks, links, parts = [], {}, {}
    for number in range(1, UNITS + 1):
        picture = samples.picture(f"rId{100 + number}") if number % 2 else ""
        heading = samples.styled(f"Heading {number}", "H1") if number % 3 == 0 else ""
        blocks.append(heading or samples.p(samples.text(f"{number} {words(number, 12)}") + picture))
        parts[f"word/media/image{number}.png"] = samples.png(seed=number)
        links[f"rId{100 + number}"] = ("image", f"media/image{number}.png", False)
    more = {"word/numbering.xml": samples.HEADINGS, "word/styles.xml": samples.HEADING_STYLES}
    path.write_bytes(samples.make("".join(blocks) + samples.SECTION, {**more, **parts}, links=links))
    return path


def docx(change: Callable[[list[Any], int, random.Random], None]) -> Mutation:
    """A change of the blocks of the body, one of them by its index."""

    def mutate(data: bytes, chance: random.Random) -> bytes:
        name, content = main_part(data)
        root = etree.fromstring(content)
        blocks = [each for each in root[0] if etree.QName(each).localname == "p"]
        change(blocks, chance.randrange(len(blocks)), chance)
        return rewritten(data, {name: etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)})

    return mutate


def docx_drop(blocks: list[Any], at: int, _chance: random.Random) -> None:
    blocks[at].getparent().remove(blocks[at])


def docx_duplicate(blocks: list[Any], at: int, _chance: random.Random) -> None:
    blocks[at].addnext(etree.fromstring(etree.tostring(blocks[at])))


def docx_swap(blocks: list[Any], at: int, _chance: random.Random) -> None:
    other = blocks[at - 1]
    parent, places = other.getparent(), sorted((blocks.index(other), at))
    first, second = blocks[places[0]], blocks[places[1]]
    moved = etree.fromstring(etree.tostring(second))
    parent.remove(second)
    first.addprevious(moved)


def docx_crop(blocks: list[Any], _at: int, chance: random.Random) -> None:
    extents = [each for block in blocks for each in block.iter("{*}extent")]
    extent = chance.choice(extents)
    extent.set("cx", str(int(extent.get("cx")) - chance.randint(1, 100_000)))


def docx_text(blocks: list[Any], _at: int, chance: random.Random) -> None:
    texts = [each for block in blocks for each in block.iter("{*}t") if each.text]
    chosen = chance.choice(texts)
    place = chance.randrange(len(chosen.text))
    chosen.text = chosen.text[:place] + "#" + chosen.text[place + 1 :]


def docx_reencode(data: bytes, chance: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = chance.choice([each for each in archive.namelist() if "/media/" in each])
        picture = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
    spot = (chance.randrange(picture.width), chance.randrange(picture.height))
    red, green, blue = picture.getpixel(spot)
    picture.putpixel(spot, (red ^ 1, green, blue))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return rewritten(data, {name: out.getvalue()})


# --- TIFF ---


def tiff_source(path: Path) -> Path:
    frames = [Image.open(io.BytesIO(noisy_jpeg(48, seed=number))).convert("L") for number in range(UNITS)]
    frames[0].save(path, save_all=True, append_images=frames[1:], compression="tiff_deflate")
    return path


def tiff(change: Callable[[list[Image.Image], int, random.Random], None], compression: str = "tiff_lzw") -> Mutation:
    def mutate(data: bytes, chance: random.Random) -> bytes:
        with Image.open(io.BytesIO(data)) as opened:
            frames = [frame.copy() for frame in ImageSequence.Iterator(opened)]
        change(frames, chance.randrange(len(frames)), chance)
        out = io.BytesIO()
        frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:], compression=compression)
        return out.getvalue()

    return mutate


def tiff_drop(frames: list[Image.Image], at: int, _chance: random.Random) -> None:
    del frames[at]


def tiff_duplicate(frames: list[Image.Image], at: int, _chance: random.Random) -> None:
    frames.insert(at, frames[at])


def tiff_swap(frames: list[Image.Image], at: int, _chance: random.Random) -> None:
    frames[at], frames[at - 1] = frames[at - 1], frames[at]


def tiff_crop(frames: list[Image.Image], at: int, chance: random.Random) -> None:
    frames[at] = frames[at].crop((0, 0, 48 - chance.randint(1, 20), 48))


def tiff_spot(frames: list[Image.Image], at: int, chance: random.Random) -> None:
    spot = (chance.randrange(48), chance.randrange(48))
    frames[at].putpixel(spot, frames[at].getpixel(spot) ^ 1)


def tiff_nothing(_frames: list[Image.Image], _at: int, _chance: random.Random) -> None:
    """Nothing but what JPEG does to it."""


# --- text ---


def text_source(path: Path) -> Path:
    path.write_text("\n\n".join(f"{number} {words(number, 40)}." for number in range(1, UNITS + 1)), encoding="utf-8")
    return path


def text_alter(data: bytes, chance: random.Random) -> bytes:
    place = chance.choice([at for at, value in enumerate(data) if 97 <= value < 122])
    return data[:place] + bytes((data[place] + 1,)) + data[place + 1 :]


def text_drop(data: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data) - 40)
    return data[:begin] + data[begin + chance.randint(20, 40) :]


def text_duplicate(data: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data) - 30)
    return data[: begin + 30] + data[begin:]


def text_swap(data: bytes, chance: random.Random) -> bytes:
    parts = data.split(b" ")
    at = chance.choice([place for place in range(1, len(parts)) if parts[place] != parts[place - 1]])
    parts[at], parts[at - 1] = parts[at - 1], parts[at]
    return b" ".join(parts)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document: how one is made, what is done to its pieces, and what of that leaves the number of units."""

    source: Callable[[Path], Path]
    name: str
    mutations: dict[str, Mutation]
    limits: UserLimits
    options: SplitOptions = SplitOptions()  # noqa: RUF009 - frozen
    by_pixels: frozenset[str] = frozenset()


KINDS = {
    "pdf": Kind(
        pdf_source,
        "made.pdf",
        {
            "drop": pdf(pdf_drop), "duplicate": pdf(pdf_duplicate), "replace": pdf(pdf_replace), "swap": pdf(pdf_swap),
            "crop": pdf(pdf_crop), "reencode": pdf(pdf_reencode), "text": pdf(pdf_text), "cover": pdf(pdf_cover),
        },
        UserLimits(pages=UNITS // PIECES),
        by_pixels=frozenset({"crop", "reencode", "text", "cover"}),
    ),
    "docx": Kind(
        docx_source,
        "report.docx",
        {
            "drop": docx(docx_drop), "duplicate": docx(docx_duplicate), "swap": docx(docx_swap),
            "crop": docx(docx_crop), "reencode": docx_reencode, "text": docx(docx_text),
        },
        UserLimits(tokens=70),
        by_pixels=frozenset({"crop", "reencode", "text"}),
    ),
    "tiff": Kind(
        tiff_source,
        "report.tiff",
        {
            "drop": tiff(tiff_drop), "duplicate": tiff(tiff_duplicate), "swap": tiff(tiff_swap),
            "crop": tiff(tiff_crop), "spot": tiff(tiff_spot), "reencode": tiff(tiff_nothing, "jpeg"),
        },
        UserLimits(pages=UNITS // PIECES),
        by_pixels=frozenset({"crop", "spot", "reencode"}),
    ),
    "text": Kind(
        text_source,
        "report.txt",
        {"alter": text_alter, "drop": text_drop, "duplicate": text_duplicate, "swap": text_swap},
        UserLimits(bytes=1_000),
        SplitOptions(form="text"),
    ),
}  # fmt: skip
EACH = [(kind, name) for kind, one in KINDS.items() for name in one.mutations]


@pytest.fixture(scope="module")
def split_once(tmp_path_factory: pytest.TempPathFactory, workers: Slots) -> Callable[[str], Path]:
    """Returns the folder with the source and its pieces, untouched, of a kind."""
    made: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in made:
            made[kind], one = tmp_path_factory.mktemp(kind), KINDS[kind]
            source = one.source(made[kind] / one.name)
            split(source, made[kind] / "out", limits=one.limits, options=one.options, executor=workers)
            assert verify(made[kind] / "out", against=source, executor=workers).ok
        return made[kind]

    return folder


def harmed(pristine: Path, work: Path, mutation: Mutation, chance: random.Random) -> tuple[Path, Path]:
    """A copy of the pieces with one of them harmed; the folder and the piece."""
    shutil.copytree(pristine / "out", work)
    piece = chance.choice(sorted(path for path in work.iterdir() if path.name != "manifest.json"))
    before = piece.read_bytes()
    piece.write_bytes(mutation(before, chance))
    assert piece.read_bytes() != before
    return work, piece


def forge(folder: Path, **units: list[Any]) -> None:
    """Make the manifest agree with the files as they are now; ``units`` gives pieces other fingerprints, too."""
    path = folder / "manifest.json"
    data = json.loads(path.read_bytes())
    for piece in data["pieces"]:
        found = (folder / piece["name"]).read_bytes()
        piece["size_bytes"], piece["sha256"] = len(found), hashlib.sha256(found).hexdigest()
        for unit, forged in zip(piece["units"], units.get(piece["sha256"], []), strict=False):
            unit["content"], unit["text"] = forged.content, forged.text
    data["seal"] = seal_of(data)
    path.write_text(json.dumps(data))


@pytest.mark.parametrize(("kind", "name"), EACH)
def test_found_by_its_hash_and_by_its_units(
    split_once: Callable[[str], Path], tmp_path: Path, workers: Slots, kind: str, name: str
) -> None:
    for number in range(ROUNDS):
        chance = random.Random(f"{kind} {name} {number}")
        folder, piece = harmed(split_once(kind), tmp_path / str(number), KINDS[kind].mutations[name], chance)
        found = verify(folder, executor=workers)
        assert "hash-differs" in {one.code for one in found.discrepancies}, number
        forge(folder)
        found = verify(folder, executor=workers)
        assert not found.ok, number
        assert {one.piece for one in found.discrepancies} == {piece.name}, number
        codes = {one.code for one in found.discrepancies}
        assert codes <= {"content-differs", "text-differs", "unit-count-differs"}, number


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, name in EACH if name in KINDS[kind].by_pixels])
def test_found_against_the_original_with_all_of_the_manifest_forged(
    split_once: Callable[[str], Path], tmp_path: Path, workers: Slots, kind: str, name: str
) -> None:
    pristine = split_once(kind)
    for number in range(ROUNDS):
        chance = random.Random(f"{kind} {name} {number}")
        folder, piece = harmed(pristine, tmp_path / str(number), KINDS[kind].mutations[name], chance)
        again = split(piece, tmp_path / f"again{number}", limits=UserLimits(tokens=10**7), executor=workers)
        (made,) = again.manifest.pieces
        forge(folder, **{hashlib.sha256(piece.read_bytes()).hexdigest(): list(made.units)})
        assert verify(folder, executor=workers).ok, number

        source = pristine / ("report.pdf" if kind == "pdf" else KINDS[kind].name)
        codes = {one.code for one in verify(folder, against=source, executor=workers).discrepancies}
        assert codes & {"original-content-differs", "original-text-differs"}, number


CLAIMS = [("pdf", "cover", "repaired"), ("pdf", "text", "repaired"), ("pdf", "crop", "active-content-stripped"),
    ("docx", "text", "repaired"), ("docx", "crop", "missing-parts-dropped"), ("tiff", "spot", "repaired")]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "claim"), CLAIMS)
def test_found_against_the_original_whatever_change_the_manifest_claims(
    split_once: Callable[[str], Path], tmp_path: Path, workers: Slots, kind: str, name: str, claim: str
) -> None:
    """With all of the manifest forged, and a change made up that would explain how the unit differs."""
    pristine = split_once(kind)
    folder, piece = harmed(pristine, tmp_path / "out", KINDS[kind].mutations[name], random.Random(f"{kind} {name}"))
    again = split(piece, tmp_path / "again", limits=UserLimits(tokens=10**7), executor=workers)
    before = {one["name"]: one for one in json.loads((folder / "manifest.json").read_bytes())["pieces"]}[piece.name]
    forge(folder, **{hashlib.sha256(piece.read_bytes()).hexdigest(): list(again.manifest.pieces[0].units)})
    data = json.loads((folder / "manifest.json").read_bytes())
    told = next(one for one in data["pieces"] if one["name"] == piece.name)
    for unit, was in zip(told["units"], before["units"], strict=True):
        if unit["content"] != was["content"]:
            unit["original"] = was["content"]
    numbers = [unit["number"] for unit in told["units"]]
    told["changes"].append({"code": claim, "units": numbers, "message": "Made up.", "before": {}, "after": {}})
    data["seal"] = seal_of(data)
    (folder / "manifest.json").write_text(json.dumps(data))
    assert verify(folder, executor=workers).ok

    source = pristine / ("report.pdf" if kind == "pdf" else KINDS[kind].name)
    found = {one.code: one.units for one in verify(folder, against=source, executor=workers).discrepancies}

    altered = {unit["number"] for unit in told["units"] if "original" in unit}
    assert altered <= set(found["changed-otherwise"])


@pytest.mark.parametrize("kind", KINDS)
def test_any_change_of_what_the_manifest_says_of_a_unit_is_found(
    split_once: Callable[[str], Path], tmp_path: Path, workers: Slots, kind: str
) -> None:
    """Sealed anew, so that only the units themselves can tell."""
    pristine = split_once(kind)
    for number in range(ROUNDS):
        chance = random.Random(f"{kind} {number}")
        folder = tmp_path / str(number)
        shutil.copytree(pristine / "out", folder)
        data = json.loads((folder / "manifest.json").read_bytes())
        units = chance.choice(data["pieces"])["units"]
        unit = chance.choice(units)
        change = chance.choice(["content", "text", "drop", "duplicate", "number"])
        if change == "drop":
            units.remove(unit)
        elif change == "duplicate":
            units.append(unit)
        elif change == "number":
            unit["number"] += chance.choice([-1, 1, 100])
        else:
            unit[change] = hashlib.sha256(unit[change].encode()).hexdigest()
        data["seal"] = seal_of(data)
        (folder / "manifest.json").write_text(json.dumps(data))

        assert not verify(folder, executor=workers).ok, (number, change)
