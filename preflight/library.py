"""The public functions of ``import preflight``."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from preflight.document import find_document
from preflight.joiner import join_pieces
from preflight.judging import Order, UserLimits, prepare
from preflight.pipeline import run
from preflight.settings import load_settings
from preflight.slots import Slots
from preflight.splitter import split_document
from preflight.splitting import SplitOptions
from preflight.verifier import verify_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from preflight.execution import Executor
    from preflight.joiner import Joined
    from preflight.model import Report
    from preflight.settings import Settings
    from preflight.splitting import SplitResult
    from preflight.verifier import Verification


def check(
    path: Path | str,
    *,
    target: str | None = None,
    via: Sequence[str] = (),
    model: str | None = None,
    limits: UserLimits | None = None,
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
        limits: Limits of your own, besides the target's.
        password: The document's password, if it has one.
        settings: How the work is done; from ``preflight.toml`` and the environment when None.
        executor: Workers to use and keep; one worker for this call alone when None.

    Returns:
        The report; what is wrong with the document is in it.

    Raises:
        FileMissing: There is no readable regular file.
        EmptyDocument: The file has zero bytes.
        UnknownTarget: No profile has this id.
        UsageError: A limit that nothing can meet.
    """
    settings = settings or load_settings()
    prepared = prepare(Order(target=target, hops=tuple(via), model=model, limits=limits or UserLimits()))
    document = find_document(path)
    with _workers(executor, settings, 1) as workers:
        return run(document, prepared, settings, workers, password=password)


def split(
    path: Path | str,
    out: Path | str,
    *,
    target: str | None = None,
    via: Sequence[str] = (),
    limits: UserLimits | None = None,
    options: SplitOptions | None = None,
    settings: Settings | None = None,
    executor: Executor | None = None,
) -> SplitResult:
    """Split one document into pieces that each fit a target, with a manifest that proves that nothing was lost.

    Args:
        path: The document.
        out: Folder for the pieces; new, empty, or with a former result that ``options.force`` lets replace.
        target: Id of a receiving service or path of a TOML profile; may be left out where ``limits`` says enough.
        via: Ids of gateways on the way.
        limits: Limits of your own, besides the target's.
        options: How it is split: as documents or text, what happens to active content, password, model …
        settings: How the work is done; from ``preflight.toml`` and the environment when None.
        executor: Workers to use and keep; workers for this call alone when None.

    Returns:
        The manifest, where it lies, and the judgement of the whole.

    Raises:
        PreflightError: It cannot be split; :func:`preflight.problems.problem_from` tells code and what to do.
        ExtractionError: The same, about the document itself.
    """
    settings, options = settings or load_settings(), options or SplitOptions()
    prepared = prepare(Order(target=target, hops=tuple(via), model=options.model, limits=limits or UserLimits()))
    document = find_document(path)
    with _workers(executor, settings, settings.workers) as workers:
        return split_document(document, Path(out), prepared, settings, workers, options=options)


def verify(
    manifest: Path | str,
    *,
    against: Path | str | None = None,
    password: str | None = None,
    looks: int | None = 200,
    settings: Settings | None = None,
    executor: Executor | None = None,
) -> Verification:
    """Check that pieces are complete, whole and within their limits.

    Args:
        manifest: The ``manifest.json`` beside the pieces, or their folder.
        against: The original document; with it, text, content and looks are compared with the original's.
        password: Password of the original.
        looks: How many units are compared by their looks, besides all that a change altered; None for all.
        settings: How the work is done; from ``preflight.toml`` and the environment when None.
        executor: Workers to use and keep; workers for this call alone when None.

    Returns:
        Every discrepancy found; none where all is well.

    Raises:
        FileMissing: There is no manifest, or no original.
        BadManifest: The file is no manifest.
    """
    settings = settings or load_settings()
    original = find_document(against) if against is not None else None
    with _workers(executor, settings, settings.workers) as workers:
        return verify_manifest(Path(manifest), settings, workers, original=original, password=password, looks=looks)


def join(
    manifest: Path | str,
    out: Path | str,
    *,
    force: bool = False,
    settings: Settings | None = None,
    executor: Executor | None = None,
) -> Joined:
    """Put pieces together again.

    Args:
        manifest: The ``manifest.json`` beside the pieces, or their folder.
        out: The file to write; it appears only when it is complete.
        force: Whether an existing file may be replaced.
        settings: How the work is done; from ``preflight.toml`` and the environment when None.
        executor: Workers to use and keep; one worker for this call alone when None.

    Raises:
        PiecesDiffer: The pieces are not those of the manifest.
        OutputError: The file cannot be written, or is there already.
    """
    settings = settings or load_settings()
    with _workers(executor, settings, 1) as workers:
        return join_pieces(Path(manifest), Path(out), settings, workers, force=force)


@contextmanager
def _workers(given: Executor | None, settings: Settings, size: int) -> Iterator[Executor]:
    """Take the caller's workers, or some for the length of one call."""
    if given is not None:
        yield given
        return
    own = Slots(size, preload=("preflight.tasks",), guard=settings.guard)
    try:
        yield own
    finally:
        own.close()
