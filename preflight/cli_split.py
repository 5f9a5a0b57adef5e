"""Commands that write pieces and look after them: split, verify, join."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn, cast

import typer

from extractors.clean import safe_label
from preflight.cli_options import (
    For,
    Jobs,
    Json,
    Languages,
    MaxBytes,
    MaxPages,
    MaxSeconds,
    MaxTokens,
    MaxUnits,
    Model,
    OcrEngine,
    PageTimeout,
    PasswordFile,
    StdinName,
    Timeout,
    Via,
    order_of,
)
from preflight.cli_session import (
    Session,
    fail,
    password_from,
    print_lines,
    print_plan,
    print_view,
    progress,
    write_out,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.judging import Order
    from preflight.manifest import Form
    from preflight.splitting import SplitOptions

_PIECES = "What the pieces are"
Force = Annotated[bool, typer.Option("--force", help="Replace a former result.")]
ManifestPath = Annotated[
    Path, typer.Argument(metavar="MANIFEST", help="The manifest.json beside the pieces, or their folder.")
]
Form_ = Annotated[
    str, typer.Option("--as", metavar="FORM", help="document, text or markdown.", rich_help_panel=_PIECES)
]
WithText = Annotated[
    bool,
    typer.Option(
        "--with-text", help="Write each piece's text beside it, with OCR where needed.", rich_help_panel=_PIECES
    ),
]
Shrink = Annotated[
    str,
    typer.Option(
        "--shrink",
        metavar="WHEN",
        help="auto: make images of a page too large alone smaller, no further than OCR needs; never.",
        rich_help_panel=_PIECES,
    ),
]
ActiveContent = Annotated[
    str,
    typer.Option(
        "--active-content", metavar="HOW", help="strip scripts and the like, keep, or reject.", rich_help_panel=_PIECES
    ),
]
Decrypt = Annotated[
    bool,
    typer.Option(
        "--decrypt",
        help="Allow pieces without encryption of a document that has some and forbids changes.",
        rich_help_panel=_PIECES,
    ),
]
Ocr = Annotated[
    str,
    typer.Option("--ocr", metavar="WHEN", help="For text: auto, never, or always.", rich_help_panel=_PIECES),
]
Looks = Annotated[
    str,
    typer.Option(
        "--looks",
        metavar="N",
        help="With --against: how many of pages, frames and pieces of text are compared by their looks, besides all "
        "that were altered; or all, then all OCR is done again, too.",
    ),
]
CHOICES = {
    "--as": ("document", "text", "markdown"),
    "--shrink": ("auto", "never"),
    "--active-content": ("strip", "keep", "reject"),
    "--ocr": ("auto", "never", "always"),
}


@contextmanager
def _failures(*, as_json: bool) -> Iterator[None]:
    """Write a failure as JSON too, where the caller is a program: ``{"problem": …}`` on standard output."""
    from extractors.errors import ExtractionError
    from preflight.errors import PreflightError

    try:
        yield
    except (PreflightError, ExtractionError) as error:
        if as_json:
            from preflight.problems import Problem, problem_from
            from preflight.wire import adapter, json_bytes

            problem = adapter(Problem).dump_python(problem_from(error), mode="json")
            write_out(json_bytes({"problem": problem}))
        raise


def split(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Document to split; - reads standard input.")],
    target: For = None,
    via: Via = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder for the pieces; new or empty.")
    ] = None,
    model: Model = None,
    max_bytes: MaxBytes = None,
    max_pages: MaxPages = None,
    max_tokens: MaxTokens = None,
    max_seconds: MaxSeconds = None,
    form: Form_ = "document",
    with_text: WithText = False,
    shrink: Shrink = "auto",
    active_content: ActiveContent = "strip",
    decrypt: Decrypt = False,
    ocr: Ocr = "auto",
    languages: Languages = None,
    ocr_engine: OcrEngine = None,
    page_timeout: PageTimeout = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the planned pieces; write nothing.")] = False,
    force: Force = False,
    as_json: Json = False,
    password_file: PasswordFile = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    max_units: MaxUnits = None,
    stdin_name: StdinName = None,
) -> None:
    """Cut a document into pieces that each get through, with a manifest that proves that nothing was lost.

    Exit code 0: all of it is in the pieces. 1: something had to be left out, or is nothing the target can read; the
    manifest names it.
    """
    from preflight.judging import UserLimits
    from preflight.splitting import SplitOptions

    for name, value in (("--as", form), ("--shrink", shrink), ("--active-content", active_content), ("--ocr", ocr)):
        if value not in CHOICES[name]:
            fail(f"{name} takes one of {', '.join(CHOICES[name])}.", 2)
    order = order_of(
        target, via, model, max_bytes=max_bytes, max_pages=max_pages, max_tokens=max_tokens, max_seconds=max_seconds
    )
    if target is None and order.limits == UserLimits():
        fail("Say what the pieces are for: --for TARGET, or a limit of your own such as --max-pages.", 2)
    if output is None and not dry_run:
        fail("Say where the pieces go: -o DIR.", 2)
    if dry_run and form != "document":
        fail(
            "--dry-run shows where the document is cut. How its text divides shows only when it is read: leave it out.",
            2,
        )
    flags: dict[str, object] = {
        "jobs": jobs,
        "timeout": timeout,
        "page_timeout": page_timeout,
        "max_units": max_units,
        "ocr_engine": ocr_engine,
        "languages": languages,
    }
    with _failures(as_json=as_json), Session(flags, [file], stdin_name) as session:
        if output is None or dry_run:
            _show_plan(session, file, order, password_file, as_json=as_json)
        options = SplitOptions(
            form=cast("Form", form),
            with_text=with_text,
            shrink=cast("Literal['auto', 'never']", shrink),
            active_content=cast("Literal['strip', 'keep', 'reject']", active_content),
            decrypt=decrypt,
            force=force,
            ocr=cast("Literal['auto', 'never', 'always']", ocr),
            password=password_from(password_file),
            model=model,
        )
        _split(session, file, order, output, options, as_json=as_json)


def _split(session: Session, file: str, order: Order, output: Path, options: SplitOptions, *, as_json: bool) -> None:
    from preflight.judging import prepare
    from preflight.manifest import manifest_json
    from preflight.splitter import split_document

    prepared = prepare(order)
    with session.document(file) as document, progress() as on_progress:
        result = split_document(
            document, output, prepared, session.settings, session.executor, options=options, on_progress=on_progress
        )
    if as_json:
        write_out(manifest_json(result.manifest))
    else:
        from preflight.render_split import split_view

        print_view(split_view(result, safe_label(str(output), 300)))
    raise typer.Exit(0 if result.complete and result.seen else 1)


def _show_plan(session: Session, file: str, order: Order, password_file: Path | None, *, as_json: bool) -> NoReturn:
    """Print where the document would be cut. Sizes are estimates; a split measures what it writes."""
    from preflight.model import Verdict

    (report,) = session.reports([file], order, password_file)
    print_plan(report, as_json=as_json)
    if report.problem is not None:
        raise typer.Exit(report.problem.exit_code)
    raise typer.Exit(1 if report.verdict is Verdict.WONT_FIT else 0)


def verify(
    manifest: ManifestPath,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="FILE", help="The original: compare text, content and looks.")
    ] = None,
    as_json: Json = False,
    looks: Looks = "200",
    password_file: PasswordFile = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    max_units: MaxUnits = None,
) -> None:
    """Check pieces: hashes, every unit exactly once and in order, every limit, text and content of each unit.

    Bytes, units, text and content are those of the files; tokens, words and seconds are as the manifest has them.

    Exit code 0 and one line: all is well. 1: every discrepancy.
    """
    from preflight.document import find_document
    from preflight.split_records import verification_json
    from preflight.verifier import verify_manifest

    flags: dict[str, object] = {"jobs": jobs, "timeout": timeout, "max_units": max_units}
    if looks != "all" and not looks.isdecimal():
        fail("--looks takes a number of units, or all.", 2)
    with _failures(as_json=as_json), Session(flags, [str(against or "a.pdf")]) as session:
        found = verify_manifest(
            manifest,
            session.settings,
            session.executor,
            original=find_document(against) if against is not None else None,
            password=password_from(password_file),
            looks=None if looks == "all" else int(looks),
        )
    if as_json:
        write_out(verification_json(found))
    else:
        from preflight.render_split import verification_view

        print_view(verification_view(found))
    raise typer.Exit(0 if found.ok else 1)


def join(
    manifest: ManifestPath,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")],
    force: Force = False,
    as_json: Json = False,
    jobs: Jobs = None,
    timeout: Timeout = None,
) -> None:
    """Put the pieces of a split together again.

    Exit code 0: all units are in it. 1: some were left out of the split already.
    """
    from preflight.joiner import join_pieces
    from preflight.split_records import joined_json
    from preflight.wording import ranges, size

    with _failures(as_json=as_json), Session({"jobs": jobs, "timeout": timeout}, ["a.pdf"]) as session:
        joined = join_pieces(manifest, output, session.settings, session.executor, force=force)
    if as_json:
        write_out(joined_json(joined))
    else:
        print_lines([f"{safe_label(str(output), 300)}: {joined.units:,} units, {size(joined.size_bytes)}"])
    if joined.missing:
        fail(f"Not in it, because they are in no piece: {ranges(joined.missing)}.", 1)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (split, verify, join):
        app.command()(command)
