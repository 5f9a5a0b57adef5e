"""Cutting images: TIFF by frames, copied as they are encoded; everything else is one frame, and so one piece.

A file with one frame, and an animation, of which the first picture counts, is copied byte for byte. Frames are decoded
only where they have to become smaller, and in the rare TIFF that does not say where its data end.
"""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from extractors.base import Change, mildest
from extractors.errors import DamagedDocument, ExtractionError
from extractors.frames import frame_numbers, frame_of, seek_frame
from extractors.image_join import copy
from extractors.image_recode import Recipe, lossless_tiff, recipe_for, recoded
from extractors.raster import open_image, reading_image, too_many_pixels
from extractors.tiff.directory import Directory, TiffReader
from extractors.tiff.pixels import NotCopyable
from extractors.tiff.writer import Source, TiffWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL import Image

    from extractors.base import CutOptions, Shrink
    from extractors.frames import Frame
    from extractors.image_recode import Recoded

    Choose = Callable[[int, Frame], Recipe | None]
    """What is to become of a frame of this number; None to leave it as it is."""
    _Smaller = tuple[Recoded, tuple[Change, ...]]

_PROFILE, _ORIENTATION = 34675, 274
_ABOUT_PIXELS = frozenset({
    256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 290, 291, 292, 293,
    296, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 326, 327, 328, 332, 333, 334, 336, 338, 339, 340, 341, 342,
    347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532,
})  # fmt: skip
"""Fields that belong to the encoding of the pixels (TIFF 6.0); all others belong to the picture and are kept."""
_NOT_KEPT = frozenset({330})  # smaller copies of the picture


@contextmanager
def image_cutter(file: BinaryIO, options: CutOptions) -> Iterator[ImageCutter]:
    """Open an image for cutting, for the length of a ``with`` block.

    Args:
        file: Seekable.
        options: Media type and limits.

    Raises:
        DamagedDocument: It is no image that can be opened.
        SafetyLimitExceeded: More frames than ``options.limits.max_units``.
    """
    with reading_image(options.limits.max_image_pixels):
        image = open_image(file)
    count = sum(1 for _ in frame_numbers(image, options.limits, []))
    yield ImageCutter(file, options, count)


class ImageCutter:
    """An open image that pieces are cut from. Made by :func:`image_cutter`, valid until its block ends.

    Attributes:
        frame_count: Frames that can be cut out.
    """

    def __init__(self, file: BinaryIO, options: CutOptions, frame_count: int) -> None:
        self.frame_count = frame_count
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        self._limit = options.limits.max_image_pixels
        self._media_type = options.media_type
        self._opened: Image.Image | None = None
        self._tiff: TiffReader | None = None
        self._directories: list[Directory] = []
        if options.media_type == "image/tiff":
            self._tiff = TiffReader(file)
            self._directories = _readable(self._tiff, frame_count)

    def cut(self, first: int, last: int, out: BinaryIO, *, shrink: Shrink | None = None) -> tuple[Change, ...]:
        """Write frames ``first`` to ``last`` (inclusive, from 1) as an image of its own; same call, same bytes.

        Args:
            first: Number of the first frame.
            last: Number of the last frame.
            out: Empty, seekable, open for writing and reading.
            shrink: How far to re-encode all frames, or some; frames that would not become smaller stay as they are.
                Black and white is for PNG and TIFF, other formats become gray.

        Raises:
            DamagedDocument: There is no such frame, or it cannot be carried over (``unit`` says which).
            SafetyLimitExceeded: A frame to be made smaller has too many pixels.
        """
        if shrink is None:
            return self._write(first, last, out, None)
        how = shrink

        def choose(number: int, frame: Frame) -> Recipe | None:
            step = mildest(how, (number,))
            return None if step is None else recipe_for(frame, step)

        return self._write(first, last, out, choose)

    def _write(self, first: int, last: int, out: BinaryIO, choose: Choose | None) -> tuple[Change, ...]:
        if not 1 <= first <= last <= self.frame_count:
            raise DamagedDocument(
                f"Frames {first} to {last} were asked for, but the image has frames 1 to {self.frame_count}. "
                "Check the document again and plan anew.",
                unit=last,
            )
        if self._tiff is not None:
            return self._write_frames(self._tiff, range(first, last + 1), out, choose)
        smaller = self._smaller(1, choose)
        if smaller is None:
            copy(self._file, out)
            return ()
        new, changes = smaller
        out.write(new.data)
        return changes

    def _write_frames(
        self, tiff: TiffReader, numbers: range, out: BinaryIO, choose: Choose | None
    ) -> tuple[Change, ...]:
        writer = TiffWriter(out, tiff.order, big=tiff.big)
        changes: list[Change] = []
        self._opened = None
        for number in numbers:
            if number > len(self._directories):
                raise DamagedDocument(
                    f"Frame {number} cannot be found in the TIFF. Export the file again.", unit=number
                )
            directory = self._directories[number - 1]
            try:
                changes += self._write_frame(writer, Source(tiff, directory), number, choose)
            except ExtractionError as error:
                raise type(error)(str(error), unit=number) from error
        if writer.dropped:
            changes.append(_dropped(writer.dropped))
        return tuple(changes)

    def _write_frame(self, writer: TiffWriter, source: Source, number: int, choose: Choose | None) -> Iterator[Change]:
        smaller = self._smaller(number, choose)
        if smaller is not None:
            new, changes = smaller
            writer.add(_merged(source, new.data, profile="icc" not in new.dropped))
            yield from changes
            return
        try:
            writer.add([source])
        except NotCopyable:
            writer.add(_merged(source, self._anew(number), profile=True))
            yield Change(
                code="re-encoded",
                units=(number,),
                message="The file does not say where the data of the frame end, so it was encoded anew without loss.",
            )

    def _smaller(self, number: int, choose: Choose | None) -> tuple[Recoded, tuple[Change, ...]] | None:
        """Encode a frame anew as chosen; None when it is to stay as it is."""
        if choose is None:
            return None
        with reading_image(self._limit, unit=number):
            image = self._image(number)
            frame = frame_of(image, self._size)
            if frame.width * frame.height > self._limit:
                raise too_many_pixels(self._limit, unit=number)
            recipe = choose(number, frame)
            if recipe is None:
                return None
            before = image.size
            new = recoded(image, recipe, frame)
        if new is None or len(new.data) >= frame.stored_bytes:
            return None
        changes = [_shrunk(number, before, frame, new)]
        if new.media_type != self._media_type:
            changes.append(_retyped(number, self._media_type, new.media_type))
        return new, tuple(changes)

    def _anew(self, number: int) -> bytes:
        with reading_image(self._limit, unit=number):
            return lossless_tiff(self._image(number))

    def _image(self, number: int) -> Image.Image:
        if self._opened is None or self._tiff is None:  # a JPEG is decoded once, to the size wanted
            self._opened = open_image(self._file)
        if not seek_frame(self._opened, number):
            raise DamagedDocument(f"There is no image {number} in the file.", unit=number)
        return self._opened


def _readable(tiff: TiffReader, count: int) -> list[Directory]:
    """Return the directories of the frames that Pillow found, as many of them as can be read here."""
    found: list[Directory] = []
    try:
        found.extend(islice(tiff.chain(), count))
    except DamagedDocument:
        return found  # asking for a later frame says what is wrong
    return found


def _merged(source: Source, data: bytes, *, profile: bool) -> list[Source]:
    """Return the fields of an image encoded anew: what is about pixels from there, the rest from the original."""
    reader = TiffReader(io.BytesIO(data))
    new = next(reader.chain())
    lost = _ABOUT_PIXELS | _NOT_KEPT | (frozenset() if profile else {_PROFILE})
    own = {tag: entry for tag, entry in new.entries.items() if tag in _ABOUT_PIXELS and tag != _ORIENTATION}
    rest = {tag: entry for tag, entry in source.directory.entries.items() if tag not in lost}
    for tag in (282, 283, 296):  # resolution, where the new one does not say
        if tag not in own and tag in source.directory.entries:
            rest[tag] = source.directory.entries[tag]
    return [Source(reader, replace(new, entries=own)), Source(source.reader, replace(source.directory, entries=rest))]


def _shrunk(number: int, before: tuple[int, int], frame: Frame, new: Recoded) -> Change:
    mode = {"1": "black and white", "L": "gray", "LA": "gray"}.get(new.mode, "colours kept")
    coded = "" if new.quality is None else f", quality {new.quality}"
    lost = f"; dropped: {', '.join(new.dropped)}" if new.dropped else ""
    return Change(
        code="shrunk",
        units=(number,),
        message=(
            f"Re-encoded from {before[0]} × {before[1]} to {new.size[0]} × {new.size[1]} pixels, {mode}{coded}: "
            f"{frame.stored_bytes:,} to {len(new.data):,} bytes{lost}."
        ),
        before={"width": before[0], "height": before[1], "pixels": before[0] * before[1], "bytes": frame.stored_bytes},
        after={
            "width": new.size[0],
            "height": new.size[1],
            "pixels": new.size[0] * new.size[1],
            "bytes": len(new.data),
            "jpeg_quality": new.quality or 0,
            "mode": new.mode,
        },
    )


def _retyped(number: int, before: str, after: str) -> Change:
    return Change(
        code="media-type-changed",
        units=(number,),
        message=f"The piece is {after}, because {before} cannot hold the picture in so few bytes.",
        before={"media_type": before},
        after={"media_type": after},
    )


def _dropped(tags: set[int]) -> Change:
    numbers = ", ".join(map(str, sorted(tags)))
    return Change(
        code="tags-dropped",
        message=f"Fields of unknown type or with broken pointers cannot be carried over: tags {numbers}.",
        before={"tags": numbers},
    )
