"""A worker process as its parent sees it: its life, its pipe, its board, and how it ended."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from contextlib import ExitStack
from typing import TYPE_CHECKING

from preflight.board import Board, Note
from preflight.channel import Channel
from preflight.errors import OutOfMemory, ParserCrashed, TimedOut, WorkerFailure

if TYPE_CHECKING:
    from preflight.execution import Task
    from preflight.forkclient import Ended, ForkServer
    from preflight.isolation import Guard

OCR_PROGRAM = "tesseract"
MORE_TIME = "--timeout, the setting `timeout`"
LESS_WORK = "take a part of the document only"
"""What to do besides, whoever waits: also for somebody who is splitting already."""
_SEND_S = 30.0
_ABORTED = frozenset({signal.SIGABRT, signal.SIGTRAP, signal.SIGILL, signal.SIGSEGV, signal.SIGBUS})
_MOSTLY = 0.7


class WorkerProcess:
    """A worker process, our end of its pipe, its board, and the folder where it may write if it runs a program."""

    def __init__(self, server: ForkServer, guard: Guard, *, runs_program: bool) -> None:
        """Fork it.

        Raises:
            WorkerFailure: No worker can be started.
        """
        self._server = server
        self._guard = guard
        self.runs_program = runs_program
        self.done = 0
        with ExitStack() as stack:
            self._board = Board()
            stack.callback(self._board.close)
            self._scratch = tempfile.mkdtemp(prefix="preflight-ocr-") if runs_program else None
            if self._scratch is not None:
                stack.callback(shutil.rmtree, self._scratch, ignore_errors=True)
            self._pid, connection = server.fork()
            self.pipe = Channel(connection)
            self._stack = stack.pop_all()
            self._stack.callback(self.pipe.close)

    @property
    def note(self) -> Note:
        """What it noted last."""
        return self._board.read()

    @property
    def unit(self) -> int | None:
        """The unit that is under way, if one is."""
        return self._board.read().unit or None

    def send(self, task: Task, descriptors: list[int]) -> None:
        """Send a task.

        Raises:
            OSError: The worker is gone or does not listen.
        """
        self._board.clear()
        self.pipe.most_bytes = task.most_answer_bytes + 1
        jail = {
            "isolation": self._guard.isolation,
            "memory_bytes": self._guard.memory_bytes,
            "scratch": self._scratch,
            "program": shutil.which(OCR_PROGRAM) if self.runs_program else None,
        }
        frame = {
            "name": task.name,
            "payload": task.payload,
            "cpu_s": task.cpu_s,
            "stall_s": min(task.stall_s, task.cpu_s),
            "unit_s": min(task.unit_s, task.cpu_s),
            "answer_bytes": task.most_answer_bytes,
            "files": len(descriptors) + 1,
            "outputs": len(task.outputs),
            "scratch": bool(task.outputs),
            "jail": jail,
        }
        self.pipe.send(json.dumps(frame).encode(), [*descriptors, self._board.fileno()], timeout_s=_SEND_S)

    def death(self, memory_bytes: int) -> tuple[WorkerFailure, bool]:
        """Say how it ended, after its end of the pipe has closed, and whether it was killed from outside."""
        ended = self._server.ended(self._pid)
        if ended is None:
            word = "The worker ended without a word. Try again; if it happens again, split the document."
            return WorkerFailure(word), False
        return _failure(ended, memory_bytes), os.waitstatus_to_exitcode(ended.status) == -signal.SIGKILL

    def kill(self) -> None:
        """End it at once."""
        self._server.kill(self._pid)
        self._stack.close()

    def close(self) -> None:
        """Let it end by itself."""
        self._stack.close()


def _failure(ended: Ended, memory_bytes: int) -> WorkerFailure:
    code = os.waitstatus_to_exitcode(ended.status)
    sign = -code if code < 0 else 0
    if sign == signal.SIGXCPU:
        return TimedOut(f"This document takes more CPU time than allowed. Allow more ({MORE_TIME}), or {LESS_WORK}.")
    if sign == signal.SIGKILL:
        why = "The worker was killed on this document, most likely for its memory."
        return OutOfMemory(f"{why} Free some memory, or {LESS_WORK}.")
    name = signal.Signals(sign).name if sign else f"exit code {code}"
    if sign in _ABORTED and memory_bytes and ended.peak_bytes > _MOSTLY * memory_bytes:
        return OutOfMemory(
            f"A parser library ended with {name}, out of memory ({memory_bytes:,} bytes are allowed). Allow more "
            f"(--memory-limit-bytes, the setting `memory_limit_bytes`), or {LESS_WORK}."
        )
    return ParserCrashed(f"A parser library ended with {name} on this document. Repair or re-export it.")
