"""The nasty set over HTTP: whatever is sent, the service answers, says what is wrong, and is there for others.

A handful in every run; ``PREFLIGHT_HOSTILE_HTTP=1`` sends all of them and holds ``/healthz`` to its 200 milliseconds,
which a busy machine alone would break.
"""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

import httpx
import pytest
from hostile_expectations import EXPECTED
from service import Service

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = os.environ.get("PREFLIGHT_HOSTILE_HTTP") == "1"
FEW = ("form_dag_1e9.pdf", "xxe.docx", "overlap.zip", "pages_count_1e9.pdf", "jbig2_65k.pdf", "header_only.pdf")
HEALTH_S = 0.2


class Pulse:
    """Asks how the service is, all the time, on a connection of its own."""

    def __init__(self, address: str) -> None:
        self.waits: list[float] = []
        self.failures: list[str] = []
        self._address = address
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat)

    def _beat(self) -> None:
        with httpx.Client(base_url=self._address, timeout=60) as client:
            while not self._ended.wait(0.05):
                began = time.monotonic()
                try:
                    status = client.get("/healthz").status_code
                except httpx.TransportError as error:
                    self.failures.append(repr(error))
                    continue
                self.waits.append(time.monotonic() - began)
                if status != 200:
                    self.failures.append(str(status))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def sent(address: str, path: Path) -> tuple[str, int, str]:
    """Check a file; returns its name, the status, and the code of a problem or the verdict."""
    url = f"{address}/v1/check"
    said = {"filename": path.name}
    answer = httpx.post(url, params=said, content=path.read_bytes(), headers={"Prefer": "wait=300"}, timeout=600)
    data = answer.json()
    if answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json", path.name
    return path.name, answer.status_code, data.get("code") or data.get("verdict") or data["state"]


@pytest.mark.timeout(3_600 if WHOLE else 300)
def test_the_service_outlives_whatever_is_sent(
    tmp_path: Path,
    samples: Path,
    hostile: Path,
) -> None:
    files = sorted(one for one in hostile.iterdir() if one.is_file() and one.suffix != ".json")
    if not WHOLE:
        files = [hostile / name for name in FEW]
    with Service(tmp_path, "--workers", "2") as service:
        with Pulse(service.address) as pulse, ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda path: sent(service.address, path), files))
        good = sent(service.address, samples / "report.pdf")
        service.stop()

    worst = sorted(pulse.waits)[-5:]
    print(f"{len(files)} files, {len(pulse.waits)} looks, slowest {[round(one * 1000) for one in worst]} ms")
    wrong = [one for one in answers if one[2] not in EXPECTED.get(one[0], {one[2]})]
    assert not wrong, "the answer is the one that is given without HTTP"
    assert {status for _, status, _ in answers} <= {200, 415, 422, 503}, answers
    assert good[1:] == (200, "fits"), "and who comes after them is served"
    assert not pulse.failures
    assert len(answers) == len(files)
    if WHOLE:
        assert worst[-1] < HEALTH_S
