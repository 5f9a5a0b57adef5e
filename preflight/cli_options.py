"""Options that several commands share, each defined once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.judging import Order

_LIMITS = "Limits of your own, besides the target's"
_WORK = "How the work is done"

For = Annotated[
    str | None,
    typer.Option("--for", metavar="TARGET", help="Receiving service: an id of `preflight targets`, or a TOML file."),
]
Via = Annotated[
    list[str] | None,
    typer.Option("--via", metavar="HOP", help="Gateway on the way (nginx, cloudflare, aws-alb …); may be repeated."),
]
Model = Annotated[
    str | None, typer.Option("--model", metavar="ID", help="Model at the target; its default when not given.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a report for people.")]
ExitZero = Annotated[
    bool, typer.Option("--exit-zero", help="Exit with 0 when documents were read, whatever the verdict.")
]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", metavar="FILE", help="File whose first line is the document's password."),
]
StdinName = Annotated[
    str | None,
    typer.Option(
        "--stdin-name", metavar="NAME", help="What standard input (-) would be called as a file: notes.md, table.csv."
    ),
]
MaxBytes = Annotated[
    int | None, typer.Option("--max-bytes", metavar="N", help="Bytes a piece may have.", rich_help_panel=_LIMITS)
]
MaxPages = Annotated[
    int | None, typer.Option("--max-pages", metavar="N", help="Pages a piece may have.", rich_help_panel=_LIMITS)
]
MaxTokens = Annotated[
    int | None, typer.Option("--max-tokens", metavar="N", help="Tokens a piece may have.", rich_help_panel=_LIMITS)
]
MaxSeconds = Annotated[
    float | None,
    typer.Option("--max-seconds", metavar="S", help="Seconds a piece may take there.", rich_help_panel=_LIMITS),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", metavar="N", help="Worker processes; 0 means one for each core.", rich_help_panel=_WORK
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="S", help="Seconds allowed for one document.", rich_help_panel=_WORK),
]
MaxUnits = Annotated[
    int | None, typer.Option("--max-units", metavar="N", help="Pages or frames read at most.", rich_help_panel=_WORK)
]
PageTimeout = Annotated[
    float | None,
    typer.Option("--page-timeout", metavar="S", help="Seconds allowed for OCR of one page.", rich_help_panel=_WORK),
]
Languages = Annotated[
    str | None, typer.Option("--languages", "-l", metavar="L", help="OCR languages, joined by +: eng+deu.")
]
OcrEngine = Annotated[
    str | None, typer.Option("--ocr-engine", metavar="NAME", help="auto, tesserocr, pytesseract or null.")
]


def order_of(
    target: str | None,
    via: Sequence[str] | None,
    model: str | None,
    *,
    max_bytes: int | None,
    max_pages: int | None,
    max_tokens: int | None,
    max_seconds: float | None,
) -> Order:
    """Return what these options ask for."""
    from preflight.judging import Order, UserLimits
    from preflight.wording import FLAG_WORDS

    limits = UserLimits(bytes=max_bytes, pages=max_pages, tokens=max_tokens, seconds=max_seconds)
    return Order(target=target, hops=tuple(via or ()), model=model, limits=limits, words=FLAG_WORDS)
