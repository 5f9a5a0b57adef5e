"""Whoever works on the jobs of a service: a thread that drives worker processes, and one that keeps house."""

from __future__ import annotations

import json
import logging
import threading
import uuid
from functools import partial
from typing import TYPE_CHECKING

from preflight.engine.local import LocalEngine
from preflight.errors import PreflightError
from preflight.presence import alive, present, release_dead
from preflight.runner import Runner
from preflight.service.housekeeping import Housekeeping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.execution import Executor
    from preflight.ledger.records import Json
    from preflight.service.space import Space

logger = logging.getLogger(__name__)

AGAIN_S = 2.0
"""Pause after a failure of the machine: a full disk, a database that is gone."""


class Workers:
    """Works on jobs until it is stopped; whatever fails meanwhile is tried again."""

    def __init__(self, space: Space, executor: Executor | None, *, size: int) -> None:
        """Take what there is to work with; :meth:`start` begins.

        Args:
            space: Where jobs and documents are.
            executor: Where documents are read; stays the caller's to close. None to keep house only.
            size: Worker processes of the executor.
        """
        self._space = space
        self._size = size
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._runner: Runner | None = None
        self._threads = [threading.Thread(target=self._keep_house, name="preflight-house", daemon=True)]
        if executor is not None:
            work = partial(self._work, executor)
            self._threads.append(threading.Thread(target=work, name="preflight-work", daemon=True))

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; what is under way is given back, and begun anew by whoever works next."""
        self._stopped.set()
        self._space.ledger.database.end()
        with self._lock:
            if self._runner is not None:
                self._runner.stop()
        for thread in self._threads:
            thread.join()

    def _work(self, executor: Executor) -> None:
        while not self._stopped.is_set():
            try:
                self._run(executor)
            except PreflightError as error:
                logger.error("work on jobs stopped, and is begun again: %s", error)  # noqa: TRY400 - no bug of ours
                self._stopped.wait(AGAIN_S)
            except Exception:
                logger.exception("bug while working on jobs; they are begun again")
                self._stopped.wait(AGAIN_S)

    def _run(self, executor: Executor) -> None:
        """Work until stopped, or until the machine fails. Each time under a new name: what was lent stays behind."""
        space, name = self._space, uuid.uuid4().hex
        with present(space.runners, name, about_worker(space, self._size)):
            release_dead(space.ledger, space.runners)
            engine = LocalEngine(executor, space.artifacts, workers=self._size)
            runner = Runner(space.ledger, engine, space.artifacts, name=name)
            with self._lock:
                self._runner = runner
            if not self._stopped.is_set():
                runner.run(lambda: True)

    def _keep_house(self) -> None:
        house = Housekeeping(self._space)
        while not self._stopped.is_set():
            try:
                house.turn()
            except PreflightError as error:
                logger.error("keeping house failed, and is tried again: %s", error)  # noqa: TRY400 - no bug of ours
            except Exception:
                logger.exception("bug while keeping house")
            self._stopped.wait(AGAIN_S)


def about_worker(space: Space, size: int) -> bytes:
    """Return what a process that works on jobs tells of itself."""
    from preflight.sandbox import support
    from preflight.service.speech import spoken

    guard = space.settings.guard
    level = "off" if guard.isolation == "off" else support().level
    return json.dumps({"workers": size, "isolation": level, "languages": spoken(space.settings)}).encode()


def languages_spoken(living: Sequence[Json]) -> set[str]:
    """Return the OCR languages that every process has data for, whichever of them a job comes to."""
    return set(living[0]["languages"]).intersection(*(one["languages"] for one in living)) if living else set()


def workers_alive(space: Space) -> list[Json]:
    """Return what all processes that work on jobs tell of themselves."""
    told = [json.loads(one) for one in alive(space.runners) if one]
    return [one for one in told if one["workers"]]
