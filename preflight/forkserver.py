"""The warm process that forks a worker for each slot.

Not :mod:`multiprocessing`: its children import the caller's main script again, which for a library user would run
that script twice. Here one fresh interpreter imports the heavy parts once and forks on request; it has no threads, so
forking is safe, and it knows its children, so that a kill never hits a recycled process id.

Control channel, over one socket pair: the parent sends ``F`` with one descriptor (the worker's end of a private pipe)
to fork, ``K`` and a process id to kill. The server answers a fork with ``P`` and the process id; when a child has ended
it sends ``X``, the process id and the wait status. All integers are signed 64-bit.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import select
import signal
import socket
import struct
import sys
from typing import NoReturn

MESSAGE = struct.Struct("=cqq")
_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent ends, however the parent ends (Linux; elsewhere a no-op)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def main(control_fd: int, parent: int, preload: str) -> None:
    """Serve fork requests until the control channel closes. ``preload`` is a comma-separated list of modules."""
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=control_fd)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    for name in filter(None, preload.split(",")):
        importlib.import_module(name)
    children: set[int] = set()
    while True:
        ready, _, _ = select.select([control.fileno(), wake_read], [], [])
        if wake_read in ready:
            os.read(wake_read, 4096)
            _reap(control, children)
        if control.fileno() in ready and not _serve(control, children, (wake_read, wake_write)):
            for pid in children:
                os.waitpid(pid, 0)
            return


def _serve(control: socket.socket, children: set[int], wake: tuple[int, int]) -> bool:
    """Answer one request; False when the parent has closed the channel."""
    data, fds, _, _ = socket.recv_fds(control, MESSAGE.size, 1)
    if not data:
        return False
    kind, pid, _ = MESSAGE.unpack(data)
    if kind == b"K":
        if pid in children:  # not yet reaped, so the id is still ours
            os.kill(pid, signal.SIGKILL)
        return True
    server = os.getpid()
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        for fd in (*wake, control.detach()):
            os.close(fd)
        _become_worker(fds[0], server)
    os.close(fds[0])
    children.add(child)
    control.sendall(MESSAGE.pack(b"P", child, 0))
    return True


def _become_worker(pipe_fd: int, server: int) -> NoReturn:
    """Turn the forked child into a worker; never returns into the server's stack."""
    code = 1
    try:
        die_with_parent(server)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        from preflight.worker import serve

        serve(pipe_fd)
        code = 0
    finally:
        # os._exit: the server's cleanup handlers are not the worker's to run.
        os._exit(code)


def _reap(control: socket.socket, children: set[int]) -> None:
    """Report every child that has ended."""
    for pid in tuple(children):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            children.discard(pid)
            with contextlib.suppress(BrokenPipeError):
                control.sendall(MESSAGE.pack(b"X", pid, status))
