"""Where the command line begins: the workers' server first, everything else while that is starting.

A worker needs as long for its imports as this process does; side by side a cold start takes half the time.
"""

from __future__ import annotations

import os
import sys

READERS = {
    ".pdf": "extractors.pdf.reader",
    ".docx": "extractors.docx.reader",
    ".docm": "extractors.docx.reader",
}
"""What a file's name lets us expect; a wrong guess costs time only."""

READING = ("check", "plan", "text", "split")


def preload_for(names: list[str]) -> tuple[str, ...]:
    """Return what workers for documents of these names should import before they are asked for anything."""
    suffixes = [name[name.rfind(".") :].lower() for name in names if "." in name]
    hints = sorted({READERS[suffix] for suffix in suffixes if suffix in READERS})
    warm = ("preflight.warm",) if len(names) > 1 else ()
    return ("preflight.tasks", *hints, *warm)


def main() -> None:
    """Run the command line."""
    for descriptor in range(3):  # libraries open files; none of them may land on a standard stream that is closed
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    try:
        _run()
    except KeyboardInterrupt:
        sys.stderr.write("preflight: Interrupted.\n")
        raise SystemExit(130) from None


def _run() -> None:
    command, arguments = sys.argv[1:2], sys.argv[2:]
    if command and command[0] in READING and not {"-h", "--help"} & set(arguments):
        from preflight import forkclient

        names = [name for name in arguments if name[name.rfind(".") :].lower() in READERS]
        forkclient.early.append(forkclient.ForkServer(preload_for(names)))
    from preflight.cli import main as run

    run()
