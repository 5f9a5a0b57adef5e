"""What whoever runs a service sees of it: lines of log, figures, traces. Never what is in a document, or its name."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import logging
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
import pytest
from service import Service
from test_guard import LIMITS, Inside, ask, client

from api import exchange
from api.guard import Guard
from api.metrics import Metrics
from api.tracing import Traced, tracing_from
from preflight.errors import OutputError
from preflight.ledger.records import NewJob
from preflight.ledger.store import Ledger
from preflight.logs import JsonLines, bare_trace, request_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Where the lines of a service go."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("preflight")
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    yield stream
    logger.setLevel(before)
    logger.removeHandler(handler)


SENT: list[tuple[str, bytes]] = []


def parsed(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_whatever_is_logged_is_one_line_of_ascii(lines: io.StringIO) -> None:
    logging.getLogger("preflight.x").warning(
        "a\r\x1b[31m\u2028 %s", '"}\n{"level":"forged"', extra={"about": {"key": "k"}}
    )

    (line,) = lines.getvalue().splitlines()
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["level"] == "warning"
    assert json.loads(line)["key"] == "k"


def test_a_bug_tells_where_and_not_what(lines: io.StringIO) -> None:
    def broken() -> None:
        raise ValueError("text of the document: the moon is round")

    token = request_id.set("a1b2c3d4")
    try:
        broken()
    except ValueError:
        logging.getLogger("preflight.x").exception("bug")
    finally:
        request_id.reset(token)

    (line,) = parsed(lines)
    assert line["request_id"] == "a1b2c3d4"
    assert "moon" not in lines.getvalue()
    trace = line["trace"]
    assert isinstance(trace, list)
    assert trace[-1] == "ValueError"
    assert "test_a_bug_tells_where_and_not_what" in trace[0]


def test_a_workers_traceback_is_bared_too(lines: io.StringIO) -> None:
    trace = (
        "Traceback (most recent call last):\n"
        '  File "extractors/pdf/reader.py", line 12, in read\n'
        '    raise KeyError("secret")\n'
        "extractors.errors.DamagedDocument: Page 3 says: secret\n"
        "secret: more of it\n"
    )
    logging.getLogger("preflight.x").error("bug while reading a document:\n%s", trace)

    (line,) = parsed(lines)
    assert line["trace"] == ['File "extractors/pdf/reader.py", line 12, in read', "extractors.errors.DamagedDocument"]
    assert "secret" not in lines.getvalue()
    assert bare_trace("") == []


def test_words_are_there_for_whoever_asks_for_them() -> None:
    record = logging.LogRecord("x", logging.DEBUG, "", 0, "bug:\nTraceback\nKeyError: 'it'", None, None)

    assert "'it'" in json.loads(JsonLines(with_words=True).format(record))["trace"]


def test_a_request_is_one_line_without_names(lines: io.StringIO) -> None:
    guard = Guard(Inside(), LIMITS, finished=exchange.log)
    answer = ask(guard, "POST", "/v1/check?filename=secret.pdf", user_agent="secret")
    ask(guard, "DELETE", "/v1/documents/5ec7e7")

    first, second = parsed(lines)
    assert (first["route"], first["status"], first["bytes_in"]) == ("/v1/check", 200, 10)
    assert first["request_id"] == answer.headers["x-request-id"]
    assert second["route"] == "/v1/documents/{document_id}"
    assert "secret" not in lines.getvalue()
    assert "5ec7e7" not in lines.getvalue()


def figures(text: str) -> dict[str, float]:
    """Read what Prometheus reads."""
    pairs = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def test_figures_of_requests_and_work(tmp_path: Path) -> None:
    metrics = Metrics()
    guard = Guard(Inside(), LIMITS, finished=metrics.finished)
    metrics.watch_requests(lambda: guard.busy)
    ask(guard, "POST", "/v1/check")
    for number in range(50):
        ask(guard, f"ODD{number}", f"/odd/{number}")
    with Ledger(f"sqlite:///{tmp_path}/l.sqlite") as ledger:
        metrics.watch_work(ledger.database, tmp_path, lambda: 2)
        ledger.submit([NewJob(owner="o", key=str(n), request="r" * 64, document={}) for n in range(3)])
        ledger.lease("r1", 1, ttl_s=60)
        end = metrics.serve("127.0.0.1", port := free_port())
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        end()

    found = figures(text)
    assert found['preflight_http_requests_total{method="POST",route="/v1/check",status="200"}'] == 1
    assert found['preflight_http_requests_total{method="other",route="(unknown)",status="200"}'] == 50
    assert found['preflight_http_request_seconds_count{route="/v1/check"}'] == 1
    assert found["preflight_http_received_bytes_total"] == 51 * 10
    assert found["preflight_http_requests_in_progress"] == 0
    assert (found['preflight_jobs{state="queued"}'], found['preflight_jobs{state="running"}']) == (2, 1)
    assert found['preflight_jobs{state="failed"}'] == 0, "a state without jobs is there, so that it can be watched"
    assert (found["preflight_units_waiting"], found["preflight_workers_busy"], found["preflight_workers"]) == (2, 1, 2)
    assert found["preflight_queue_age_seconds"] >= 0
    assert found["preflight_disk_free_bytes"] > 0
    assert found["preflight_database_up"] == 1
    assert "odd" not in text.lower()


def test_figures_are_told_while_the_database_is_gone(tmp_path: Path) -> None:
    from prometheus_client import generate_latest

    from preflight.ledger.database import Database

    metrics = Metrics()
    metrics.watch_work(Database(f"sqlite:///{tmp_path}/no/l.sqlite", patience_s=0), tmp_path, lambda: 0)

    found = figures(generate_latest(metrics.registry).decode())
    assert found["preflight_database_up"] == 0
    assert found["preflight_disk_free_bytes"] > 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_a_port_that_is_taken_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OutputError, match="metrics"):
        Metrics().serve("127.0.0.1", taken.getsockname()[1])


def test_a_request_is_a_span_without_names() -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    async def asked() -> None:
        traced = Guard(Traced(failing, provider.get_tracer("t")), LIMITS)
        async with client(traced) as caller:
            await caller.get("/v1/jobs/secret?filename=secret", headers={"traceparent": parent})

    asyncio.run(asked())

    (span,) = kept.get_finished_spans()
    assert span.name == "GET /v1/jobs/{job_id}"
    assert span.context.trace_id == int(parent.split("-")[1], 16)
    assert dict(span.attributes or {})["http.response.status_code"] == 503
    assert not span.status.is_ok
    assert "secret" not in span.to_json()


class Collector(BaseHTTPRequestHandler):
    """Keeps what a service sends to it as traces."""

    def do_POST(self) -> None:
        """Take spans."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        SENT.append((self.path, gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body))
        self.send_response(200)
        self.end_headers()


def test_the_last_spans_of_a_service_are_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sends every five seconds, and a signal ends it at once."""
    collector = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")

    with Service(tmp_path, "--workers", "0") as service:
        httpx.post(f"{service.address}/v1/documents", params={"filename": "payroll.txt"}, content=b"salaries")
        service.stop()
    collector.shutdown()
    collector.server_close()

    sent = b"".join(body for path, body in SENT if path == "/v1/traces")
    assert b"POST /v1/documents" in sent
    assert b"payroll" not in sent
    assert b"salaries" not in sent


def test_nobody_is_told_anything_unless_somebody_says_whom() -> None:
    assert tracing_from({}) is None
    code = "import sys, api.tracing; api.tracing.tracing_from({}); print('opentelemetry' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert run.stdout == b"False\n"


_MALFORMED = """
import asyncio, sys
from starlette.requests import Request
from starlette.formparsers import MultiPartException
from preflight.logs import configure_service_logging

configure_service_logging(sys.argv[1])

async def arriving():
    return {"type": "http.request", "body": b"--b\\r\\n%PDF-1.7 secret", "more_body": False}

async def read():
    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    try:
        await Request({"type": "http", "headers": headers}, arriving).form()
    except MultiPartException:
        print("malformed")

asyncio.run(read())
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_byte_of_a_malformed_form_is_logged(form: str) -> None:
    run = subprocess.run([sys.executable, "-c", _MALFORMED, form], capture_output=True, text=True, check=False)

    assert run.stdout == "malformed\n", run.stderr
    assert run.stderr == ""
