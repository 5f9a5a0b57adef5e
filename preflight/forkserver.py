"""The warm process that forks a worker for each slot.

Not :mod:`multiprocessing`: its children import the caller's main script again, which for a library user would run
that script twice. Here one fresh interpreter imports the heavy parts once and forks on request; it has no threads, so
forking is safe, and it knows its children, so that a kill never hits a recycled process id.

Control channel, over one socket pair: the parent sends ``F`` with one descriptor (the worker's end of a private pipe)
to fork, ``K`` and a process id to kill. The server answers a fork with ``P`` and the process id, or with ``E`` and an
errno; when a child has ended it sends ``X``, the process id, the wait status and its peak of resident memory in
kilobytes. All integers are signed 64-bit.

Each worker leads a process group of its own, so that what it starts dies with it. The server ends when the channel
closes, which it also does when the parent is killed; it is not tied to the parent by PR_SET_PDEATHSIG, which would fire
as soon as the *thread* ends that started it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import gc
import importlib
import os
import select
import signal
import socket
import struct
import sys
import time
from typing import NoReturn

_MESSAGE = struct.Struct("=cqqq")
MESSAGE_BYTES = _MESSAGE.size
_PR_SET_PDEATHSIG = 1
_GRACE_S = 1.0


def message(kind: bytes, *numbers: int) -> bytes:
    """Pack a message; numbers not given are 0."""
    return _MESSAGE.pack(kind, *numbers, *[0] * (3 - len(numbers)))


def unpacked(data: bytes) -> tuple[bytes, int, int, int]:
    """Unpack a message."""
    return _MESSAGE.unpack(data)


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent ends, however the parent ends (Linux; elsewhere a no-op)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def stand_back(niceness: int) -> None:
    """Let others have the processors first, this process and all it starts.

    Where Linux gives each session an equal share (sched(7), "The autogroup feature"), a process's own niceness counts
    only against its own session, so the session's is set, too.
    """
    os.nice(niceness)
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w", encoding="ascii") as share:  # noqa: PTH123
        share.write(str(niceness))


def main(control_fd: int, preload: str, niceness: int = 0) -> NoReturn:
    """Serve fork requests until the control channel closes. ``preload`` is a comma-separated list of modules."""
    if niceness:
        stand_back(niceness)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=control_fd)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    gc.disable()
    for name in filter(None, preload.split(",")):
        importlib.import_module(name)
    from preflight import sandbox

    sandbox.prepare()
    gc.freeze()  # what has been imported lives on; workers need not look at it, nor get copies of its pages
    gc.enable()
    children: set[int] = set()
    while True:
        ready, _, _ = select.select([control.fileno(), wake_read], [], [])
        if wake_read in ready:
            os.read(wake_read, 4096)
            _reap(control, children)
        if control.fileno() in ready and not _serve(control, children, (wake_read, wake_write)):
            _end(children)
            os._exit(0)  # nothing is left to do, and freeing what was imported would take as long as a page


def _serve(control: socket.socket, children: set[int], wake: tuple[int, int]) -> bool:
    """Answer one request; False when the parent has closed the channel."""
    try:
        data, fds, _, _ = socket.recv_fds(control, MESSAGE_BYTES, 1)
    except ConnectionResetError:  # the parent was killed with answers unread
        return False
    if not data:
        return False
    kind, pid, *_ = unpacked(data)
    if kind == b"K":
        if pid in children:  # not yet reaped, so the id is still ours
            _kill(pid)
    else:
        with contextlib.suppress(BrokenPipeError):  # then the channel is closed, which the next look at it shows
            control.sendall(_fork(control, children, wake, fds))
    return True


def _fork(control: socket.socket, children: set[int], wake: tuple[int, int], fds: list[int]) -> bytes:
    """Fork a worker for the descriptor that came along; returns the answer to send."""
    if not fds:  # the kernel drops descriptors that this process has no room for
        return message(b"E", errno.EMFILE)
    server = os.getpid()
    try:
        child = os.fork()
    except OSError as error:
        os.close(fds[0])
        return message(b"E", error.errno or errno.EAGAIN)
    if child == 0:
        signal.set_wakeup_fd(-1)
        for fd in (*wake, control.detach()):
            os.close(fd)
        _become_worker(fds[0], server)
    os.close(fds[0])
    with contextlib.suppress(OSError):  # the child does the same; whoever comes first
        os.setpgid(child, child)
    children.add(child)
    return message(b"P", child)


def _kill(pid: int) -> None:
    """Kill a worker and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _end(children: set[int]) -> None:
    """Wait for idle workers, whose pipes have closed too; kill what is still busy after a moment."""
    deadline = time.monotonic() + _GRACE_S
    while children:
        for pid in tuple(children):
            if os.waitpid(pid, os.WNOHANG)[0]:
                children.discard(pid)
            elif time.monotonic() > deadline:
                _kill(pid)
                os.waitpid(pid, 0)
                children.discard(pid)
        time.sleep(0.002)


def _become_worker(pipe_fd: int, server: int) -> NoReturn:
    """Turn the forked child into a worker; never returns into the server's stack."""
    code = 1
    try:
        die_with_parent(server)
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        for number in (signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        from preflight.worker import serve

        serve(pipe_fd)
        code = 0
    finally:
        # os._exit: the server's cleanup handlers are not the worker's to run.
        os._exit(code)


def _reap(control: socket.socket, children: set[int]) -> None:
    """Report every child that has ended."""
    for pid in tuple(children):
        done, status, used = os.wait4(pid, os.WNOHANG)
        if done:
            children.discard(pid)
            with contextlib.suppress(BrokenPipeError):
                control.sendall(message(b"X", pid, status, used.ru_maxrss))
