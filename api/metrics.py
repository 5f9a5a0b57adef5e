"""Figures for Prometheus, on a port of their own: whoever may use the service need not see how busy it is."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from preflight.errors import LedgerUnavailable, OutputError
from preflight.ledger.overview import overview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

    from api.exchange import Exchange
    from preflight.ledger.database import Database

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0)


class Metrics:
    """Counts requests; what there is to do is looked up when somebody asks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter(
            "preflight_http_requests", "Requests that were answered", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "preflight_http_request_seconds",
            "From a request's headers to the end of its answer",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._received = Counter(
            "preflight_http_received_bytes", "Bytes of bodies that arrived", registry=self.registry
        )
        self._sent = Counter("preflight_http_sent_bytes", "Bytes of bodies that were sent", registry=self.registry)

    def finished(self, exchange: Exchange) -> None:
        """Count a request. Labels come from tables, so that no caller can make as many as it likes."""
        method = exchange.method if exchange.method in METHODS else "other"
        self._requests.labels(method, exchange.route, str(exchange.status)).inc()
        self._seconds.labels(exchange.route).observe(exchange.seconds)
        self._received.inc(exchange.bytes_in)
        self._sent.inc(exchange.bytes_out)

    def watch_requests(self, busy: Callable[[], int]) -> None:
        """Show how many requests are under way."""
        gauge = Gauge("preflight_http_requests_in_progress", "Requests under way", registry=self.registry)
        gauge.set_function(busy)

    def watch_work(self, database: Database, folder: Path, workers: Callable[[], int]) -> None:
        """Show jobs, queue, workers and disk.

        Args:
            database: Where the jobs are.
            folder: A folder on the disk that may fill up.
            workers: Worker processes that are alive.
        """
        self.registry.register(_Work(database, folder, workers))

    def serve(self, host: str, port: int) -> Callable[[], None]:
        """Answer ``GET /metrics`` on a port, in a thread; return what ends that.

        Raises:
            OutputError: The port is taken, or the address is none of this machine's.
        """
        try:
            server, thread = start_http_server(port, addr=host, registry=self.registry)
        except OSError as error:
            raise OutputError(f"Cannot listen on port {port} of {host} for metrics: {error.strerror}.") from error

        def end() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return end


class _Work(Collector):
    def __init__(self, database: Database, folder: Path, workers: Callable[[], int]) -> None:
        self._database = database
        self._folder = folder
        self._workers = workers

    def describe(self) -> Iterable[Metric]:
        """Say nothing beforehand: the database need not answer when the service starts."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Look everything up."""
        free = shutil.disk_usage(self._folder).free
        yield GaugeMetricFamily("preflight_disk_free_bytes", "Free bytes on the disk of the service's data", value=free)
        yield GaugeMetricFamily("preflight_workers", "Worker processes that are alive", value=self._workers())
        try:
            found = overview(self._database)
        except LedgerUnavailable:
            yield GaugeMetricFamily("preflight_database_up", "1 while the database of the jobs answers", value=0)
            return
        yield GaugeMetricFamily("preflight_database_up", "1 while the database of the jobs answers", value=1)
        jobs = GaugeMetricFamily("preflight_jobs", "Jobs by state", labels=("state",))
        for state, number in found.jobs.items():
            jobs.add_metric([state.value], number)
        yield jobs
        yield GaugeMetricFamily("preflight_units_waiting", "Units of work that wait", value=found.waiting)
        yield GaugeMetricFamily("preflight_workers_busy", "Units of work under way", value=found.leased)
        age = found.oldest_wait_s
        yield GaugeMetricFamily("preflight_queue_age_seconds", "Age of the oldest job that waits", value=age)
