"""The command `preflight` in a process of its own, as ever, but forked from one that has done the imports already.

Most of what a short run takes is imports, the same in every test. Arguments, environment, folder, standard streams and
exit code are those of the run itself. How a run begins from nothing is tried by test_console_script.

A test starts ``[*warm_command(), "check", …]`` as it would start any program: a few lines of Python, which hand their
streams to the process where everything is imported, wait, and end with the same code. Signals do not get through:
whoever is to be interrupted must be a real ``preflight``.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

CALLER = """
import json, os, socket, sys
asking = socket.socket(socket.AF_UNIX)
asking.connect(sys.argv[1])
asked = json.dumps([sys.argv[2:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(asking, [len(asked).to_bytes(4, "big")], [0, 1, 2])
asking.sendall(asked)
sys.exit(int(asking.makefile().read() or 120))
"""
IMPORTED = (
    "batch", "cli", "cli_batch", "cli_keys", "cli_service", "cli_split", "cli_tools", "joiner", "ledger.keys",
    "library", "pipeline", "prices", "render", "render_explain", "render_split", "render_targets", "schemas", "slots",
    "splitter", "textual", "verifier", "wire",
)  # fmt: skip
"""What runs import, of this project; a run imports what is missing."""


@functools.cache
def warm_command() -> tuple[str, ...]:
    """Start the process that has everything imported; return how a command line for it begins."""
    folder = tempfile.TemporaryDirectory(prefix="pf-warm-")
    place = str(Path(folder.name) / "socket")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen()
        command = [sys.executable, "-P", __file__, str(listening.fileno())]
        process = subprocess.Popen(command, pass_fds=[listening.fileno()], stdin=subprocess.PIPE)

    def end() -> None:
        process.communicate()  # the end of its standard input is the end of it
        folder.cleanup()

    atexit.register(end)
    return (sys.executable, "-I", "-S", "-c", CALLER, place)


def serve(listening: socket.socket) -> bool:
    """Start a run for whoever asks until standard input ends; return False then, and True in each run."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who mind the runs
    while True:
        ready, _, _ = select.select([0, listening], [], [])
        if 0 in ready:
            return False
        caller, _ = listening.accept()
        with caller:
            if os.fork() == 0:
                listening.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                mind(caller)
                return True


def mind(caller: socket.socket) -> None:
    """Fork a run, and return in it alone; tell the caller how it ended, or end it when the caller is gone."""
    size, streams, _, _ = socket.recv_fds(caller, 4, 3)
    with caller.makefile("rb") as asked:
        arguments, folder, environment = json.loads(asked.read(int.from_bytes(size, "big")))
    run = os.fork()
    if run == 0:
        sys.argv[1:] = arguments
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        take(streams)
        return
    for stream in streams:
        os.close(stream)
    ended = os.pidfd_open(run)
    if ended not in select.select([ended, caller], [], [])[0]:
        os.kill(run, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(run, 0)[1])
    with contextlib.suppress(BrokenPipeError):
        caller.sendall(b"%d" % (code if code >= 0 else 128 - code))
    os._exit(0)


def take(streams: list[int]) -> None:
    """Make these the standard streams, as the interpreter does when it begins."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, encoding=sys.stdin.encoding, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding=sys.stdout.encoding, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, sys.stderr.encoding, sys.stderr.errors, closefd=False)  # noqa: SIM115


def prepare() -> None:
    """Import what runs need, as a run itself would."""
    from preflight.start import DOWNLOADERS, postpone

    postpone(DOWNLOADERS)
    for name in IMPORTED:
        importlib.import_module(f"preflight.{name}")
    sys.argv[0] = str(Path(sys.executable).with_name("preflight"))


def run() -> None:
    """Run the command, and end at once: taking apart what was imported for all runs takes longer than most of them."""
    from preflight.start import main

    code = 0
    try:
        main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            raise
        code = ended.code or 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    asked = socket.socket(fileno=int(sys.argv[1]))
    prepare()
    gc.freeze()
    if serve(asked):
        run()
