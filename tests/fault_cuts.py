"""Cutting that goes wrong at certain units: faults are injected through the table of tasks.

The workers' fork server imports this module when a test names it in ``preload``. Unit 5 crashes the parser, unit 9
fails without saying that it was unit 9, unit 12 says so. While the file that KILLED_WHILE names is there, any worker is
killed at its next piece.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from preflight.cutting_tasks import FILE_TASKS, Cut, cut
from preflight.wire import dump

if TYPE_CHECKING:
    from preflight.cutting_tasks import Emit
    from preflight.worker import Files


def cut_with_faults(files: Files, payload: dict[str, Any], emit: Emit) -> bytes:
    for place, span in enumerate(payload["spans"]):
        units = range(span["first"], span["last"] + 1)
        if 5 in units:
            os.abort()
        if os.path.exists(os.environ.get("KILLED_WHILE", "")):  # noqa: PTH110 - a look is all that is left to a worker
            os.kill(os.getpid(), signal.SIGKILL)
        if 9 in units or 12 in units:
            emit(dump(Cut(place=place, error="this will not do", unit=12 if 12 in units else None)))
            continue
        one = type(files)(files.document, (), (files.outputs[place],), (files.written[place],))
        part = payload | {"spans": [span], "most": [payload["most"][place]]}

        def pass_on(event: bytes, at: int = place) -> None:
            emit(event.replace(b'"place":0', b'"place":%d' % at))

        cut(one, part, pass_on)
    return b"false"


FILE_TASKS["cut"] = cut_with_faults
