"""Reading freshly cut pieces again, as whoever receives them will."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.reading import Unread, examine_task, examined_from
from preflight.splitting import staged_document
from preflight.survey import stopped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from preflight.messages import Examined
    from preflight.survey import Surveyed


def read_again(surveyed: Surveyed, pieces: Sequence[tuple[Path, str]], *, measured: bool = True) -> list[Examined]:
    """Read pieces in the staging folder, with the fingerprints of their texts.

    Args:
        surveyed: The document they were cut out of.
        pieces: Path and media type of each.
        measured: Tokens are counted and pixels looked at, too; without, only the texts are to be relied on.

    Returns:
        What was found in each, in their order.

    Raises:
        Stopped: A piece cannot be read.
    """
    documents = [staged_document(path, media_type) for path, media_type in pieces]
    tasks = [
        examine_task(
            document,
            surveyed.settings,
            key=key,
            encodings=surveyed.prepared.encodings if measured else (),
            prints=True,
            look=measured,
        )
        for key, document in enumerate(documents)
    ]
    found: dict[int, Examined] = {}
    for outcome in surveyed.executor.run(tasks, lambda _key, _event: None):
        examined = examined_from(outcome, documents[outcome.key], surveyed.examined.source)
        if isinstance(examined, Unread):
            raise stopped(examined.problem)
        found[outcome.key] = examined
    return [found[key] for key in range(len(tasks))]
