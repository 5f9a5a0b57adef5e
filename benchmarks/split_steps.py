"""Where the CPU of `preflight split` goes, step by step, in one process.

python benchmarks/split_steps.py FILE PAGES FOLDER
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from preflight import UserLimits, split
from preflight.execution import Inline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from preflight.execution import Outcome, Task


class Timed(Inline):
    """Runs tasks here and adds up the CPU of each kind."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.spent: dict[str, float] = defaultdict(float)

    def run(self, tasks: Iterable[Task], on_event: Callable[[int, bytes], None] | None = None) -> Iterator[Outcome]:
        """Run one task after another."""
        for task in tasks:
            begin = time.process_time()
            yield from super().run([task], on_event)
            name = task.name
            if name == "fingerprint":
                name += " of pieces" if "cut" in self.spent else " of the document"
            self.spent[name] += time.process_time() - begin


def main(source: str, step: str, folder: str) -> None:
    """Split and print."""
    timed = Timed()
    begin = time.process_time()
    split(source, folder, limits=UserLimits(pages=int(step)), executor=timed)
    print(json.dumps({**timed.spent, "all": time.process_time() - begin}))


if __name__ == "__main__":
    main(*sys.argv[1:])
