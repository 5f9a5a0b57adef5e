"""What helps a unit that is over a limit all by itself: the same words whether it is checked or split."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from preflight.model import Measure

_AS_TEXT = "Send its text, which is cut wherever it has to be (`preflight split --as text`)"
_REMEDIES: dict[Measure, tuple[bool, str]] = {
    "bytes": (True, "choose a target that takes more"),
    "tokens": (True, "choose a model with a larger context window"),
    "words": (True, "choose a target that takes more"),
    "images": (True, "choose a target that takes more images"),
    "seconds": (False, "use the service's asynchronous or batch way, or raise the time-out"),
    "pixels-per-side": (False, "make the image smaller first"),
    "megapixels": (False, "make the image smaller first"),
    "page-points": (False, "print it to a smaller paper size first"),
}
"""By measure: whether sending the text helps, and what else does."""


def remedy_alone(measure: Measure, *, takes_text: bool) -> str:
    """Return what to do about one unit over a limit on ``measure``, a sentence without its full stop.

    Args:
        measure: What the limit counts.
        takes_text: Whether whoever receives it takes plain text.
    """
    text_helps, other = _REMEDIES.get(measure, (False, "choose a target that takes more"))
    return f"{_AS_TEXT}, or {other}" if text_helps and takes_text else other[:1].upper() + other[1:]
