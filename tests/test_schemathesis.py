"""What the API's description says is what the service does: requests made up by schemathesis, with a fixed seed.

A few of each kind here. ``PREFLIGHT_SCHEMATHESIS=30`` makes up to thirty for each operation, and every case at the
edge of what the description allows: some thousands of requests in all.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from service import Service
from test_door import make_key

EXAMPLES = int(os.environ.get("PREFLIGHT_SCHEMATHESIS", "0"))
TESTS = Path(__file__).parent
NOT_ASKED = (
    "positive_data_acceptance",  # bytes that fit a description need not be a document
    "negative_data_rejection",  # HTTP has everybody pass over headers they do not know
    "missing_required_header",  # without its version header, tus asks for 412
)


@pytest.mark.timeout(3_600 if EXAMPLES else 300)
def test_nothing_fails_that_is_not_described(tmp_path: Path) -> None:
    """No failure of the service, no status, header or body that the description has not, no way around keys."""
    key = make_key(tmp_path / "data", "--scopes", "admin", "--requests-per-minute", "1000000")
    phases = "examples,coverage,fuzzing,stateful" if EXAMPLES else "fuzzing,stateful"
    with Service(tmp_path / "data", "--workers", "1", "--keys") as service:
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{service.address}/openapi.json",
            "--seed", "1", "--max-examples", str(EXAMPLES or 2), "--phases", phases,
            "--header", f"Authorization: Bearer {key}", "--exclude-checks", ",".join(NOT_ASKED),
            "--exclude-operation-id", "follow_job",  # its answer ends with the job
            "--generation-database", "none", "--suppress-health-check", "all", "--request-timeout", "120",
            "--no-color", "--max-failures", "20",
        ]  # fmt: skip
        environment = os.environ | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(TESTS)}
        run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
        alive = httpx.get(f"{service.address}/healthz").status_code
        service.stop()

    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    assert " passed" in run.stdout
    assert alive == 200
