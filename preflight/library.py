"""The public functions of ``import preflight``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.document import find_document
from preflight.judging import Order, prepare
from preflight.pipeline import run
from preflight.settings import load_settings
from preflight.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from preflight.execution import Executor
    from preflight.model import Report
    from preflight.settings import Settings


def check(
    path: Path | str,
    *,
    target: str | None = None,
    via: Sequence[str] = (),
    model: str | None = None,
    password: str | None = None,
    settings: Settings | None = None,
    executor: Executor | None = None,
) -> Report:
    """Look at one document and judge it for a target.

    Args:
        path: The document.
        target: Id of a receiving service (``preflight targets`` lists them) or path of a TOML profile; without one the
            verdict speaks of the document alone.
        via: Ids of gateways on the way.
        model: Model at the target; its default when None.
        password: The document's password, if it has one.
        settings: How the work is done; from ``preflight.toml`` and the environment when None.
        executor: Workers to use and keep; one worker for this call alone when None.

    Returns:
        The report; what is wrong with the document is in it.

    Raises:
        FileMissing: There is no readable regular file.
        EmptyDocument: The file has zero bytes.
        UnknownTarget: No profile has this id.
    """
    settings = settings or load_settings()
    prepared = prepare(Order(target=target, hops=tuple(via), model=model))
    document = find_document(path)
    if executor is not None:
        return run(document, prepared, settings, executor, password=password)
    own = Slots(1, preload=("preflight.tasks",))
    try:
        return run(document, prepared, settings, own, password=password)
    finally:
        own.close()
