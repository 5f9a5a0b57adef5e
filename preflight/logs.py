"""Logging set-up; called by front doors only. No document text and no document names above debug level."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import traceback
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request that is being answered; empty outside of one."""

FORMS = ("text", "json")
_FRAME = re.compile(r'\s*File "[^"\n]*", line \d+, in \S+')
_RAISED = re.compile(r"([A-Za-z_][\w.]*)(?::.*)?")
_MOST_FRAMES = 60
_QUOTES_FORMS = "python_multipart"
"""Warns of forms that are malformed, and quotes the byte it did not expect, which may be one of a document."""


def configure_logging(*, verbose: bool = False) -> None:
    """Send log records to standard error, warnings and worse, or everything when ``verbose``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    _install(handler, logging.DEBUG if verbose else logging.WARNING)


def configure_service_logging(form: str, *, verbose: bool = False) -> None:
    """Send log records of a service to standard error, one line each.

    Args:
        form: One of :data:`FORMS`. JSON lines come from information upwards, text from warnings upwards.
        verbose: Everything, with what libraries say of documents.
    """
    logging.getLogger(_QUOTES_FORMS).setLevel(logging.NOTSET if verbose else logging.ERROR)
    if form == "text":
        configure_logging(verbose=verbose)
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(with_words=verbose))
    _install(handler, logging.DEBUG if verbose else logging.INFO)


class JsonLines(logging.Formatter):
    """One JSON object a line. Of a traceback it keeps where, not what: an exception's words may quote a document."""

    def __init__(self, *, with_words: bool = False) -> None:
        super().__init__()
        self._with_words = with_words

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line of ASCII, so that nothing in it can end the line or reach a terminal."""
        message, _, rest = record.getMessage().partition("\n")
        trace = rest
        if record.exc_info and record.exc_info[1] is not None:
            trace = "".join(traceback.format_exception(record.exc_info[1]))
        line: dict[str, object] = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{record.msecs:03.0f}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        about = getattr(record, "about", None)
        if isinstance(about, dict):
            line.update(about)
        if trace:
            line["trace"] = trace if self._with_words else bare_trace(trace)
        return json.dumps(line, default=str)


def bare_trace(text: str) -> list[str]:
    """Return the places and the kinds of exceptions of a traceback, without source lines and messages."""
    kept = []
    for line in text.splitlines():
        frame, raised = _FRAME.match(line), _RAISED.fullmatch(line)
        if frame is not None:
            kept.append(frame[0].strip())
        elif raised is not None and raised[1].rpartition(".")[2][:1].isupper():
            kept.append(raised[1])
    return kept[-_MOST_FRAMES:]


def _install(handler: logging.Handler, level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
