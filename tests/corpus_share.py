"""How much of the corpus is tried where trying all of it a second time would prove nothing more.

``PREFLIGHT_CORPUS_EVERY=4`` takes every fourth document; the tests run all the same. CI does so for the built wheel.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")
EVERY = int(os.environ.get("PREFLIGHT_CORPUS_EVERY", "1"))


def share_of(documents: Sequence[T]) -> Sequence[T]:
    """Take one document of so many, the first among them."""
    return documents[::EVERY]
