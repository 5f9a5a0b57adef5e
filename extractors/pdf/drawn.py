"""Where the images of a page are drawn, and how large."""

from __future__ import annotations

import math
import warnings
from decimal import Decimal
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from extractors.pdf.limits import MAX_DEPTH, PIKE_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from extractors.pdf.cutting.objects import Ref

Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_MAX_FORMS = 5_000
"""Forms drawn on one page that are looked into; a form may draw others many times over."""


def product(inner: Matrix, outer: Matrix) -> Matrix:
    """Return the matrix that maps by ``inner`` first and by ``outer`` then."""
    a, b, c, d, e, f = inner
    A, B, C, D, E, F = outer  # noqa: N806 - as in ISO 32000-2, 8.3.4
    return (a * A + b * C, a * B + b * D, c * A + d * C, c * B + d * D, e * A + f * C + E, e * B + f * D + F)


def images_drawn(page: Dictionary) -> dict[Ref, tuple[Stream, float, float]]:
    """Return the images a page draws, with the largest size each is drawn at.

    Looked at are the page's content, forms in it, and the normal looks of annotations; images in patterns, glyphs and
    soft masks are not found.

    Args:
        page: The page's dictionary.

    Returns:
        By identity: the image, and width and height in inches.
    """
    unit = _number(page.get(Name.UserUnit), 1.0) or 1.0
    found: dict[Ref, tuple[Stream, float, float]] = {}
    for image, matrix in _Walk().page(page):
        wide = math.hypot(matrix[0], matrix[1]) * unit / 72
        high = math.hypot(matrix[2], matrix[3]) * unit / 72
        _, known_wide, known_high = found.get(image.objgen, (image, 0.0, 0.0))
        if math.isfinite(wide) and math.isfinite(high):
            found[image.objgen] = (image, max(wide, known_wide), max(high, known_high))
    return found


class _Walk:
    """One walk through what a page draws."""

    def __init__(self) -> None:
        self._forms = 0

    def page(self, page: Dictionary) -> Iterator[tuple[Stream, Matrix]]:
        resources = page.get(Name.Resources)
        yield from self._content(page, resources, IDENTITY, 0)
        annotations = page.get(Name.Annots)
        for annotation in annotations if isinstance(annotations, Array) else ():
            look = _normal_look(annotation)
            if look is not None:
                yield from self._content(look, look.get(Name.Resources), _look_matrix(annotation, look), 1)

    def _content(
        self, holder: Object, resources: object, matrix: Matrix, level: int
    ) -> Iterator[tuple[Stream, Matrix]]:
        images = resources.get(Name.XObject) if isinstance(resources, Dictionary) else None
        if not isinstance(images, Dictionary) or level > MAX_DEPTH:
            return
        stack: list[Matrix] = []
        for operands, verb in _operations(holder):
            if verb == "q":
                stack.append(matrix)
            elif verb == "Q":
                matrix = stack.pop() if stack else matrix
            elif verb == "cm":
                matrix = product(_matrix(operands), matrix)
            elif operands:
                drawn = images.get(operands[0]) if isinstance(operands[0], Name) else None
                if isinstance(drawn, Stream):
                    yield from self._drawn(drawn, resources, matrix, level)

    def _drawn(self, drawn: Stream, resources: object, matrix: Matrix, level: int) -> Iterator[tuple[Stream, Matrix]]:
        if drawn.get(Name.Subtype) == Name.Image:
            yield drawn, matrix
        elif drawn.get(Name.Subtype) == Name.Form and self._forms < _MAX_FORMS:
            self._forms += 1
            inner = product(_matrix(drawn.get(Name.Matrix)), matrix)
            yield from self._content(drawn, drawn.get(Name.Resources, resources), inner, level + 1)


def _operations(holder: Object) -> list[tuple[Sequence[Object], str]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on content that ends too early
            instructions = pikepdf.parse_content_stream(holder, operators="q Q cm Do")
        return [(list(one.operands), str(one.operator)) for one in instructions]
    except (*PIKE_ERRORS, TypeError):
        return []


def _normal_look(annotation: object) -> Stream | None:
    looks = annotation.get(Name.AP) if isinstance(annotation, Dictionary) else None
    look = looks.get(Name.N) if isinstance(looks, Dictionary) else None
    if isinstance(look, Dictionary) and not isinstance(look, Stream) and isinstance(annotation, Dictionary):
        state = annotation.get(Name.AS)
        look = look.get(state) if isinstance(state, Name) else None
    return look if isinstance(look, Stream) else None


def _look_matrix(annotation: Object, look: Stream) -> Matrix:
    """Return how the look of an annotation is stretched to its rectangle (ISO 32000-2, 12.5.5), place left out."""
    matrix = _matrix(look.get(Name.Matrix))
    left, bottom, right, top = _numbers(look.get(Name.BBox), (0.0, 0.0, 1.0, 1.0))
    corners = [
        (x * matrix[0] + y * matrix[2], x * matrix[1] + y * matrix[3]) for x in (left, right) for y in (bottom, top)
    ]
    wide = max(x for x, _ in corners) - min(x for x, _ in corners)
    high = max(y for _, y in corners) - min(y for _, y in corners)
    rect = _numbers(annotation.get(Name.Rect), (0.0, 0.0, 0.0, 0.0))
    stretch = (abs(rect[2] - rect[0]) / wide if wide else 0.0, abs(rect[3] - rect[1]) / high if high else 0.0)
    return product(matrix, (stretch[0], 0.0, 0.0, stretch[1], 0.0, 0.0))


def _matrix(value: object) -> Matrix:
    a, b, c, d, e, f = _numbers(value, IDENTITY)
    return (a, b, c, d, e, f)


def _numbers(value: object, default: tuple[float, ...]) -> tuple[float, ...]:
    """Return an array, or a list of operands, of as many numbers as ``default`` has."""
    if not isinstance(value, Array | list) or len(value) != len(default):
        return default
    items = [_number(value[index], None) for index in range(len(default))]
    return default if None in items else tuple(item for item in items if item is not None)


def _number(value: object, default: float | None) -> float | None:
    return float(value) if isinstance(value, int | float | Decimal) else default
