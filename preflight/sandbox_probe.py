"""Tries, inside a process locked down as workers are, everything a worker must not be able to do; each for real.

``preflight doctor`` shows the outcome, a test demands that every attempt is refused.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from preflight import sandbox
from preflight.isolation import Guard, Isolation, Locked

if TYPE_CHECKING:
    from collections.abc import Callable

_PTRACE_ATTACH, _PTRACE_DETACH = 16, 17
_CLONE_NEWUSER = 0x10000000
_DEADLINE_S = 60.0
REFUSED = "refused"
_REFUSALS = frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS})
_RAW = {"bpf": (321, 280), "io_uring_setup": (425, 425), "keyctl": (250, 219), "perf_event_open": (298, 241)}
_RAW |= {"process_vm_readv": (310, 270), "userfaultfd": (323, 282), "unshare": (272, 97), "memfd_create": (319, 279)}


def probe(isolation: Isolation = "auto") -> tuple[Locked, dict[str, str]]:
    """Run the attempts in a process of their own.

    Args:
        isolation: How far that process is locked down.

    Returns:
        What locking came to, and for each attempt ``refused`` or what happened instead. Where an attempt got through
        that should not have, the level is ``partial`` at best.
    """
    call = f"from preflight.sandbox_probe import main; main({isolation!r})"
    run = subprocess.run(
        [sys.executable, "-P", "-c", call], capture_output=True, timeout=_DEADLINE_S, check=False, text=True
    )
    try:
        told = json.loads(run.stdout)
    except ValueError:
        last = run.stderr.strip().rpartition("\n")[2]
        return Locked(
            level="none", missing=(f"The attempt to lock a process down failed: {last or run.returncode}",)
        ), {}
    locked = Locked(level=told["level"], missing=tuple(told["missing"]))
    through = [name for name, outcome in told["attempts"].items() if outcome != REFUSED]
    if through and locked.level == "full":
        locked = Locked(level="partial", missing=(f"Not refused though it should be: {', '.join(through)}.",))
    return locked, told["attempts"]


def main(isolation: Isolation) -> None:
    """Lock this process down, make the attempts, print JSON."""
    folder = Path(tempfile.mkdtemp(prefix="preflight-probe-"))
    mine = folder / "mine"
    mine.write_bytes(b"x")
    channel = os.dup(1)
    hands = os.open(folder, os.O_RDONLY)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        cleaner = os.fork()
        if cleaner:  # this process is not locked down and tidies up
            os.waitpid(cleaner, 0)
            mine.unlink(missing_ok=True)
            for left in folder.iterdir():
                left.rmdir() if left.is_dir() and not left.is_symlink() else left.unlink()
            folder.rmdir()
            return
    sandbox.prepare()
    locked = sandbox.lock(Guard(isolation=isolation))
    attempts = {name: _outcome(attempt) for name, attempt in _attempts(mine, port).items()}
    os.close(hands)
    told = {"level": locked.level, "missing": locked.missing, "attempts": attempts}
    os.write(channel, json.dumps(told).encode())
    os._exit(0)


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return REFUSED if error.errno in _REFUSALS else f"failed: {error.strerror}"
    except (MemoryError, ValueError):  # what Python makes of a limit
        return REFUSED
    return "allowed"


def _attempts(mine: Path, port: int) -> dict[str, Callable[[], object]]:
    """Return what to try; ``mine`` is a file of this user, ``port`` is listened on."""
    parent = os.getppid()
    raw: dict[str, Callable[[], object]] = {name: lambda name=name: _raw(name) for name in _RAW}  # type: ignore[misc]
    new = mine.parent / "new"
    return {
        "read a file of the system": Path("/etc/passwd").read_bytes,
        "read a file of the user": mine.read_bytes,
        "list a folder": lambda: list(mine.parent.iterdir()),
        "read the parent's environment": Path(f"/proc/{parent}/environ").read_bytes,
        "read the parent's memory": lambda: os.open(f"/proc/{parent}/mem", os.O_RDONLY),
        "write to a file": lambda: os.open(mine, os.O_WRONLY),
        "make a file": lambda: os.open(new, os.O_WRONLY | os.O_CREAT),
        "make a file without a name": lambda: os.open(mine.parent, os.O_RDWR | os.O_TMPFILE),
        "make a folder": (mine.parent / "folder").mkdir,
        "make a link": lambda: (mine.parent / "link").symlink_to("/etc/passwd"),
        "truncate a file": lambda: os.truncate(mine, 0),
        "change permissions": lambda: mine.chmod(0o600),
        "change times": lambda: os.utime(mine, (0, 0)),
        "change the owner": lambda: os.chown(mine, os.getuid(), os.getgid()),
        "rename a file": lambda: mine.rename(mine.parent / "other"),
        "remove a file": mine.unlink,
        "connect over TCP": lambda: socket.create_connection(("127.0.0.1", port), timeout=5).close(),
        "open a Unix socket": lambda: socket.socket(socket.AF_UNIX).close(),
        "open a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
        "fork": _fork,
        "start a program": lambda: os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {}),
        "signal the parent": lambda: os.kill(parent, 0),
        "signal everybody": lambda: os.kill(-1, 0),
        "trace the parent": lambda: _trace(parent),
        "leave the process group": os.setsid,
        "become another user": lambda: os.setuid(os.getuid()),
        "outlive the parent": lambda: _prctl(1, 0),
        "be looked into": lambda: _prctl(4, 1),
        "raise the memory limit": lambda: _unlimited(resource.RLIMIT_DATA),
        "limit another process": lambda: resource.prlimit(parent, resource.RLIMIT_CORE),
        "take twice the memory allowed": lambda: bytearray(2 * Guard().memory_bytes),
        "type into the terminal": _terminal,
        **raw,
        "become a program": _become_another,  # the last: there is no return
    }


def _become_another() -> None:
    os.execv(sys.executable, [sys.executable, "-c", ""])  # noqa: S606 (that it is refused is the point)


def _call(number: int, *arguments: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _raw(name: str) -> None:
    """Make a call with arguments that the kernel, without a filter, finds wrong or harmless."""
    column = 0 if os.uname().machine == "x86_64" else 1
    first = _CLONE_NEWUSER if name == "unshare" else 0
    _call(_RAW[name][column], first, 0, 0, 0, 0, 0)


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _trace(process: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    if library.ptrace(_PTRACE_ATTACH, process, None, None) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    library.ptrace(_PTRACE_DETACH, process, None, None)
    os.kill(process, signal.SIGCONT)


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, ctypes.c_ulong(value), 0, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _unlimited(which: int) -> None:
    resource.setrlimit(which, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSTI, b"x")
