"""Where the command line begins: the workers' server first, everything else while that is starting.

A worker needs as long for its imports as this process does; side by side a cold start takes half the time.
"""

from __future__ import annotations

import gc
import os
import sys

READERS = {
    ".pdf": "extractors.pdf.reader",
    ".docx": "extractors.docx.reader",
    ".docm": "extractors.docx.reader",
}
"""What a file's name lets us expect; a wrong guess costs time only."""

DOWNLOADERS = ("asyncio", "httpx2")
"""What genai-prices imports to download newer prices, which is never asked of it."""

LIVING_ON = 50_000
"""Objects made between two searches for garbage. Imports and reports make far more and drop few of them."""

READING = ("check", "plan", "text", "split")


def preload_for(names: list[str]) -> tuple[str, ...]:
    """Return what workers for documents of these names should import before they are asked for anything."""
    suffixes = [name[name.rfind(".") :].lower() for name in names if "." in name]
    hints = sorted({READERS[suffix] for suffix in suffixes if suffix in READERS})
    warm = (*(("extractors.pdf.peek",) if ".pdf" in suffixes else ()), "preflight.warm") if len(names) > 1 else ()
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
    except SystemExit as ended:
        if sys.argv[1:2] and sys.argv[1] in READING and isinstance(ended.code, int):
            _leave(ended.code)
        raise


def _leave(code: int) -> None:
    """End at once: taking apart all objects one by one takes 0.03 s, for memory the system takes back anyway."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return  # the interpreter knows how to end with a stream that is broken
    os._exit(code)


def postpone(names: tuple[str, ...]) -> None:
    """Have modules loaded when something of them is first used, not when they are imported."""
    from importlib.util import LazyLoader, find_spec, module_from_spec

    for name in names:
        spec = None if name in sys.modules else find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
            sys.modules[name] = module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])


def _run() -> None:
    gc.set_threshold(LIVING_ON)
    command, arguments = sys.argv[1:2], sys.argv[2:]
    if command and command[0] in READING and not {"-h", "--help"} & set(arguments):
        from preflight import forkclient

        names = [name for name in arguments if name[name.rfind(".") :].lower() in READERS]
        forkclient.early.append(forkclient.ForkServer(preload_for(names)))
        postpone(DOWNLOADERS)
    from preflight.cli import main as run

    run()
