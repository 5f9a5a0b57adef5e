"""A batch as a program of its own, for tests that kill it: folder, results, and what they want of it as JSON."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from preflight.batch import BatchOptions, run_batch
from preflight.engine.workers import StoppableSlots
from preflight.errors import PreflightError
from preflight.judging import Order, UserLimits
from preflight.problems import problem_from
from preflight.settings import Settings
from preflight.splitting import SplitOptions


def main() -> int:
    folder, out, text = sys.argv[1:]
    wanted = json.loads(text)
    if "fsize" in wanted:
        resource.setrlimit(resource.RLIMIT_FSIZE, (wanted["fsize"], wanted["fsize"]))
    workers = StoppableSlots(2, preload=("preflight.tasks", "fault_batch"))
    options = BatchOptions(
        split=SplitOptions(**wanted["split"]) if "split" in wanted else None, lease_s=wanted.get("lease_s", 15.0)
    )
    order = Order(limits=UserLimits(pages=2, bytes=10_000_000) if "split" in wanted else UserLimits())
    settings = Settings(timeout=wanted.get("timeout", 60.0), ocr_engine="null", jobs=2)
    try:
        result = run_batch([Path(folder)], order, Path(out), settings, workers, options=options)
    except PreflightError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return problem_from(error).exit_code
    except KeyboardInterrupt:
        return 130
    finally:
        workers.close()
    print(json.dumps({"known": result.known, "late": result.late, "verdicts": result.verdicts}), flush=True)
    return 3 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main())
