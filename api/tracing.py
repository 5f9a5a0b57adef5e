"""Traces by OpenTelemetry, where somebody asks for them: the extra ``[otel]`` and ``OTEL_EXPORTER_OTLP_ENDPOINT``.

Without either nothing is imported, recorded or sent.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.access import UNKNOWN, find_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.trace import Tracer
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)
WANTED_BY = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_FAULT = 500


LAST_S = 2.0
"""Seconds the end of a service waits until its last spans are sent; a collector that is away holds it up no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """What records traces.

    Attributes:
        tracer: Makes the spans.
        send_last: Sends those not sent yet, within :data:`LAST_S`. To be called before the service ends: a signal that
            ends the process at once leaves no time after it.
    """

    tracer: Tracer
    send_last: Callable[[], None]


def tracing_from(environment: Mapping[str, str]) -> Tracing | None:
    """Return what records traces and sends them where the environment says; None when it does not say so."""
    if not any(environment.get(name) for name in WANTED_BY):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError:
        logger.warning("traces are asked for, but not installed. Run: pip install 'upload-preflight[otel]'.")
        return None
    resource = Resource.create({"service.name": environment.get("OTEL_SERVICE_NAME", "upload-preflight")})
    provider = TracerProvider(resource=resource)
    processor = BatchSpanProcessor(OTLPSpanExporter())
    provider.add_span_processor(processor)

    def send_last() -> None:
        sending = threading.Thread(target=processor.force_flush, daemon=True)
        sending.start()
        sending.join(LAST_S)

    return Tracing(tracer=provider.get_tracer("upload-preflight"), send_last=send_last)


class Traced:
    """An application whose requests are spans. They have no address, query or id in them, only the route."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        rule = find_rule(scope["method"], scope["path"])
        route = rule.path if rule else UNKNOWN
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        parent = TraceContextTextMapPropagator().extract(carrier)
        name = f"{scope['method']} {route}" if rule else "HTTP"
        about = {"http.route": route, "http.request.method": scope["method"] if rule else "_OTHER"}
        with self._tracer.start_as_current_span(
            name, context=parent, kind=SpanKind.SERVER, attributes=about, record_exception=False
        ) as span:

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= _FAULT:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            await self._app(scope, receive, sending)
