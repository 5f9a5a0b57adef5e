"""Work that is done while its sender waits: how much of it, and that it ends when nobody waits any more."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from api.shares import Shares
from preflight.document import find_document
from preflight.engine.workers import Guarded
from preflight.errors import Interrupted, OverQuota, ServiceBusy
from preflight.execution import Inline, Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_no_key_takes_all_places_and_all_keys_together_only_some() -> None:
    shares = Shares(5, 2)
    with ExitStack() as held:
        for key in ("a", "a", "b", "b"):
            held.enter_context(shares.hold(key))
        for key in ("a", "b"):
            with pytest.raises(OverQuota, match="Wait"), shares.hold(key):
                pass
        with shares.hold("c"), pytest.raises(ServiceBusy, match="again"), shares.hold("d"):
            pass
        with shares.hold("d"):
            pass
    with ExitStack() as held:
        for _ in range(5):
            held.enter_context(shares.hold(""))
        with pytest.raises(ServiceBusy), shares.hold(""):
            pass
    with shares.hold("a"), shares.hold("a"):
        pass


def test_nothing_is_begun_once_it_is_over(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    document, over = find_document(tmp_path / "a.txt"), False
    guarded = Guarded(Inline(), lambda: over)

    def tasks() -> Iterator[Task]:
        for number in range(3):
            yield Task(key=number, name="no such task", document=document, payload={}, cpu_s=1)

    run = guarded.run(tasks())
    assert next(run).key == 0
    over = True
    with pytest.raises(Interrupted):
        next(run)
    with pytest.raises(Interrupted):
        next(guarded.run(tasks()))
