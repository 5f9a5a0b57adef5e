"""Commands that write pieces and look after them: split, verify, join."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from extractors.clean import safe_label
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
    from preflight.judging import Order
    from preflight.manifest import Form
    from preflight.splitting import SplitOptions

For = Annotated[
    str | None,
    typer.Option("--for", metavar="TARGET", help="Receiving service: an id of `preflight targets`, or a TOML file."),
]
Via = Annotated[list[str] | None, typer.Option("--via", metavar="HOP", help="Gateway on the way; may be repeated.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a report for people.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a former result.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", metavar="FILE", help="File whose first line is the document's password."),
]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", help="Worker processes; 0 means one for each core.")]
Timeout = Annotated[float | None, typer.Option("--timeout", metavar="S", help="Seconds allowed for one step.")]
MaxUnits = Annotated[int | None, typer.Option("--max-units", help="Pages or frames read at most.")]
ManifestPath = Annotated[
    Path, typer.Argument(metavar="MANIFEST", help="The manifest.json beside the pieces, or their folder.")
]
CHOICES = {
    "--as": ("document", "text", "markdown"),
    "--shrink": ("auto", "never"),
    "--active-content": ("strip", "keep", "reject"),
    "--ocr": ("auto", "never", "always"),
}


def split(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Document to split; - reads standard input.")],
    target: For = None,
    via: Via = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Folder for the pieces; new or empty.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Model at the target.")] = None,
    max_bytes: Annotated[int | None, typer.Option("--max-bytes", help="Bytes a piece may have.")] = None,
    max_pages: Annotated[int | None, typer.Option("--max-pages", help="Pages a piece may have.")] = None,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", help="Tokens a piece may have.")] = None,
    max_seconds: Annotated[float | None, typer.Option("--max-seconds", help="Seconds it may take there.")] = None,
    form: Annotated[str, typer.Option("--as", metavar="FORM", help="document, text or markdown.")] = "document",
    with_text: Annotated[
        bool, typer.Option("--with-text", help="Write each piece's text beside it, with OCR where needed.")
    ] = False,
    shrink: Annotated[
        str, typer.Option("--shrink", metavar="WHEN", help="auto: re-encode images of a page too large alone; never.")
    ] = "auto",
    active_content: Annotated[
        str, typer.Option("--active-content", metavar="HOW", help="strip scripts and the like, keep, or reject.")
    ] = "strip",
    decrypt: Annotated[
        bool, typer.Option("--decrypt", help="Allow pieces of an encrypted document, which are not encrypted.")
    ] = False,
    ocr: Annotated[str, typer.Option("--ocr", metavar="WHEN", help="For text: auto, never, or always.")] = "auto",
    languages: Annotated[str | None, typer.Option("--languages", "-l", help="OCR languages, joined by +.")] = None,
    ocr_engine: Annotated[str | None, typer.Option("--ocr-engine", help="auto, tesserocr, pytesseract, null.")] = None,
    page_timeout: Annotated[
        float | None, typer.Option("--page-timeout", metavar="S", help="Seconds for OCR of one page.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the planned pieces; write nothing.")] = False,
    force: Force = False,
    as_json: Json = False,
    password_file: PasswordFile = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    max_units: MaxUnits = None,
) -> None:
    """Cut a document into pieces that each get through, with a manifest that proves that nothing was lost.

    Exit code 0: all of it is in the pieces. 1: something had to be left out; the manifest names it.
    """
    from preflight.judging import Order, UserLimits
    from preflight.splitting import SplitOptions
    from preflight.wording import FLAG_WORDS

    for name, value in (("--as", form), ("--shrink", shrink), ("--active-content", active_content), ("--ocr", ocr)):
        if value not in CHOICES[name]:
            fail(f"{name} takes one of {', '.join(CHOICES[name])}.", 2)
    limits = UserLimits(bytes=max_bytes, pages=max_pages, tokens=max_tokens, seconds=max_seconds)
    order = Order(target=target, hops=tuple(via or ()), model=model, limits=limits, words=FLAG_WORDS)
    if target is None and limits == UserLimits():
        fail("Say what the pieces are for: --for TARGET, or a limit of your own such as --max-pages.", 2)
    flags: dict[str, object] = {
        "jobs": jobs,
        "timeout": timeout,
        "page_timeout": page_timeout,
        "max_units": max_units,
        "ocr_engine": ocr_engine,
        "languages": languages,
    }
    with Session(flags, [file]) as session:
        if dry_run:
            _show_plan(session, file, order, password_file, as_json=as_json)
        if output is None:
            fail("Say where the pieces go: -o DIR.", 2)
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
    raise typer.Exit(0 if result.complete else 1)


def _show_plan(session: Session, file: str, order: Order, password_file: Path | None, *, as_json: bool) -> None:
    """Print where the document would be cut. Sizes are estimates; a split measures what it writes."""
    (report,) = session.reports([file], order, password_file)
    print_plan(report, as_json=as_json)
    raise typer.Exit(report.problem.exit_code if report.problem else 0)


def verify(
    manifest: ManifestPath,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="FILE", help="The original: compare text, content and looks.")
    ] = None,
    as_json: Json = False,
    password_file: PasswordFile = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    max_units: MaxUnits = None,
) -> None:
    """Check pieces: hashes, every unit exactly once and in order, every limit, text and content of each unit.

    Exit code 0 and one line: all is well. 1: every discrepancy.
    """
    from preflight.document import find_document
    from preflight.verifier import verify_manifest
    from preflight.wire import adapter, json_bytes

    flags: dict[str, object] = {"jobs": jobs, "timeout": timeout, "max_units": max_units}
    original = find_document(against) if against is not None else None
    with Session(flags, [str(against or "a.pdf")]) as session:
        found = verify_manifest(
            manifest, session.settings, session.executor, original=original, password=password_from(password_file)
        )
    if as_json:
        write_out(json_bytes(adapter(type(found)).dump_python(found, mode="json") | {"ok": found.ok}))
    else:
        from preflight.render_split import verification_view

        print_view(verification_view(found))
    raise typer.Exit(0 if found.ok else 1)


def join(
    manifest: ManifestPath,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")],
    force: Force = False,
    jobs: Jobs = None,
    timeout: Timeout = None,
) -> None:
    """Put the pieces of a split together again.

    Exit code 0: all units are in it. 1: some were left out of the split already.
    """
    from preflight.joiner import join_pieces
    from preflight.wording import ranges, size

    with Session({"jobs": jobs, "timeout": timeout}, ["a.pdf"]) as session:
        joined = join_pieces(manifest, output, session.settings, session.executor, force=force)
    print_lines([f"{safe_label(str(output), 300)}: {joined.units:,} units, {size(joined.size_bytes)}"])
    if joined.missing:
        fail(f"Not in it, because they are in no piece: {ranges(joined.missing)}.", 1)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (split, verify, join):
        app.command()(command)
