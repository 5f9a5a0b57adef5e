"""Whether the files beside a manifest are the pieces it describes: hashes, and every unit read again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING

from extractors.errors import ExtractionError
from preflight.document import find_document
from preflight.errors import FileMissing, Stopped
from preflight.fingerprints import text_print
from preflight.names import MANIFEST_NAME, is_plain_name, suffix_of
from preflight.reading import Unread, examine_task, examined_from, plain_source
from preflight.record_check import Discrepancy, shown
from preflight.survey import print_task, printed_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from extractors.facts import Source
    from preflight.document import Document
    from preflight.execution import Executor, Outcome, Task
    from preflight.manifest import Manifest, ManifestPiece, ManifestUnit, TextFile
    from preflight.settings import Settings

MOST_TEXT = 200_000_000
"""Bytes of a text that are read; one that has more is not held against the original."""


@dataclass(frozen=True, slots=True)
class Found:
    """What of a manifest's files is there.

    Attributes:
        pieces: Documents by index of the piece.
        discrepancies: What is not as the manifest says.
        texts: Of pieces of text, the bytes of each unit by number, its parts joined.
        miscounted: Indexes of pieces that were found to have another number of units.
        beside: Texts that lie beside pieces, by index of the piece; none of another size than it should have, none over
            :data:`MOST_TEXT`.
    """

    pieces: dict[int, Document] = field(default_factory=dict)
    discrepancies: list[Discrepancy] = field(default_factory=list)
    texts: dict[int, bytes] = field(default_factory=dict)
    miscounted: set[int] = field(default_factory=set)
    beside: dict[int, Document] = field(default_factory=dict)

    def note(self, code: str, message: str, piece: ManifestPiece | None = None, units: Sequence[int] = ()) -> None:
        """Add a discrepancy."""
        name = shown(piece.name) if piece else None
        self.discrepancies.append(Discrepancy(code=code, message=message, piece=name, units=tuple(units)))


def find_files(manifest: Manifest, folder: Path) -> Found:
    """Look for the pieces and texts of a manifest, and for files that do not belong there."""
    found = Found()
    for piece in manifest.pieces:
        document = _document(found, folder, piece.name, f"piece{suffix_of(piece.media_type)}", piece)
        if document is not None:
            found.pieces[piece.index] = document
        if piece.text is not None:
            beside = _document(found, folder, piece.text.name, "text.txt", piece)
            if beside is not None:
                _compare_file(found, piece, shown(piece.text.name), piece.text, plain_source(beside))
                if beside.size_bytes == piece.text.size_bytes <= MOST_TEXT:
                    found.beside[piece.index] = beside
    known = {MANIFEST_NAME, *manifest.file_names()}
    for path in sorted(folder.iterdir()):
        if path.name not in known and not path.name.startswith("."):
            found.note("unlisted-file", f"{shown(path.name)} lies beside the pieces and is not in the manifest.")
    return found


def check_hashes(manifest: Manifest, found: Found) -> None:
    """Hold the size and hash of every piece against the manifest, without looking inside."""
    for piece in manifest.pieces:
        if piece.index in found.pieces:
            _compare_file(found, piece, shown(piece.name), piece, plain_source(found.pieces[piece.index]))


def check_units(manifest: Manifest, found: Found, settings: Settings, executor: Executor) -> None:
    """Read every piece again and hold each unit against the manifest; hashes are held against it on the way."""
    if manifest.settings.form != "document":
        for piece in manifest.pieces:
            if piece.index in found.pieces:
                _check_text(found, piece, found.pieces[piece.index])
        return
    pieces = {piece.index: piece for piece in manifest.pieces if piece.index in found.pieces}
    tasks = list(_tasks(pieces, found, settings))
    for outcome in executor.run(tasks, lambda _key, _event: None):
        index, what = divmod(outcome.key, 2)
        if what == 0:
            _check_examined(found, pieces[index], outcome)
        else:
            _check_printed(found, pieces[index], outcome)


def _tasks(pieces: Mapping[int, ManifestPiece], found: Found, settings: Settings) -> Iterator[Task]:
    for index in pieces:
        document = found.pieces[index]
        yield examine_task(document, settings, key=2 * index, encodings=(), prints=True, look=False)
        yield print_task(document, settings, key=2 * index + 1)


def _document(found: Found, folder: Path, name: str, display: str, piece: ManifestPiece) -> Document | None:
    """Find a file by a name out of the manifest, which is data from anywhere."""
    if not is_plain_name(name):
        return None
    try:
        return find_document(folder / name, name=display, follow_links=False)
    except (FileMissing, ExtractionError) as error:
        found.note("file-missing", f"{shown(name)} is missing or cannot be read: {error}", piece)
        return None


def _compare_file(
    found: Found, piece: ManifestPiece, name: str, stated: ManifestPiece | TextFile, real: Source
) -> None:
    if real.size_bytes != stated.size_bytes:
        message = f"{name} has {real.size_bytes:,} bytes, the manifest says {stated.size_bytes:,}."
        found.note("size-differs", message, piece)
    if real.sha256 != stated.sha256:
        found.note("hash-differs", f"{name} is not the file that was written: its hash differs.", piece)


def _check_examined(found: Found, piece: ManifestPiece, outcome: Outcome) -> None:
    document = found.pieces[piece.index]
    examined = examined_from(outcome, document, None)
    name = shown(piece.name)
    _compare_file(found, piece, name, piece, examined.source)
    if isinstance(examined, Unread):
        found.note("piece-unreadable", f"{name} cannot be read: {examined.problem.detail}", piece)
        return
    if examined.source.media_type != piece.media_type:
        kinds = f"{examined.source.media_type}, not {piece.media_type}"
        found.note("type-differs", f"{name} is {kinds}.", piece)
    if _counted(found, piece, len(examined.prints)):
        wrong = [unit.number for unit, text in zip(piece.units, examined.prints, strict=True) if unit.text != text]
        if wrong:
            found.note("text-differs", f"{name}: the text of {len(wrong)} unit(s) is not what was cut.", piece, wrong)


def _counted(found: Found, piece: ManifestPiece, count: int) -> bool:
    """Whether a piece has as many units as it should; that it has not is told once, whoever counts first."""
    if count == len(piece.units):
        return True
    if piece.index not in found.miscounted:
        found.miscounted.add(piece.index)
        message = f"{shown(piece.name)} has {count} unit(s), the manifest says {len(piece.units)}."
        found.note("unit-count-differs", message, piece)
    return False


def _check_printed(found: Found, piece: ManifestPiece, outcome: Outcome) -> None:
    name = shown(piece.name)
    try:
        printed = printed_from(outcome)
    except Stopped as error:
        found.note("piece-unreadable", f"{name} cannot be compared: {error.problem.detail}", piece)
        return
    if not printed.able:
        return
    prints = printed.prints
    pairs = zip_longest(piece.units, prints[: len(piece.units)])
    wrong = [unit.number for unit, value in pairs if not value or unit.content != value]
    if len(prints) > len(piece.units):
        _counted(found, piece, len(prints))
    if wrong:
        message = f"{name}: {len(wrong)} unit(s) do not look as they were cut."
        found.note("content-differs", message, piece, wrong)


def _check_text(found: Found, piece: ManifestPiece, document: Document) -> None:
    """Pieces of text are slices of known length; no parser is needed."""
    name = shown(piece.name)
    source = plain_source(document)
    _compare_file(found, piece, name, piece, source)
    if not source.sha256:
        return  # too large to be hashed, so to be read, too; that it is another file is told
    with document.open() as file:
        data = file.read(min(max(piece.size_bytes, 0), document.size_bytes) + 1)  # one more tells that there is more
    at, wrong = 0, []
    for unit in piece.units:
        part = data[at : at + (unit.size_bytes or 0)]
        at += unit.size_bytes or 0
        if not _same_text(unit, part):
            wrong.append(unit.number)
        found.texts[unit.number] = found.texts.get(unit.number, b"") + part
    if wrong or at != len(data):
        message = f"{name}: the text of {len(wrong)} unit(s) is not what was cut."
        found.note("text-differs", message, piece, wrong)


def _same_text(unit: ManifestUnit, data: bytes) -> bool:
    words = data.decode("utf-8", "replace")
    return hashlib.sha256(data).hexdigest() == unit.content and text_print(words) == unit.text
