"""Structured logs: one line an event, as JSON for machines or as text for a terminal, always redacted.

Whatever writes a line passes the same gate: our own loggers, the standard library's (`uvicorn`, `alembic`, `psycopg`),
captured warnings, and exceptions nobody caught. Tracebacks are told without local variables.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Literal, TextIO

import structlog

from headgate.kernel import telemetry
from headgate.kernel.redaction import redact, redact_text

LogFormat = Literal["console", "json"]
LEVELS: Final = ("debug", "info", "warning", "error")
_AS_IS: Final = frozenset({"level", "timestamp", "logger"})  # written by this module alone

_Event = MutableMapping[str, Any]


def configure_logs(stream: TextIO | None = None, *, form: LogFormat = "console", level: str = "info") -> None:
    """Send every log line of this process to `stream` (stderr), redacted, from this level on. May be called again."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _without_formatted,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _with_trace,
        structlog.processors.format_exc_info,
        redacted,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    handler = _Gate(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [*(each for each in root.handlers if not isinstance(each, _Gate)), handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        theirs = logging.getLogger(name)
        theirs.handlers.clear()
        theirs.propagate = True
        theirs.setLevel(logging.NOTSET)  # a server that was started before may have set its own
    for name in ("alembic", "httpx", "httpx2", "httpcore"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def tell_uncaught() -> None:
    """Let exceptions that nobody catches, in any thread, be log lines too."""
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


class _Gate(logging.StreamHandler[TextIO]):
    """Writes to a stream, or to whatever stderr is at the moment."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__(stream or sys.stderr)
        self._fixed = stream is not None

    def emit(self, record: logging.LogRecord) -> None:
        if not self._fixed:
            self.stream = sys.stderr
        super().emit(record)


def redacted(_logger: Any, _method: str, event: _Event) -> _Event:
    """The structlog processor that stands before every renderer."""
    for name, value in event.items():
        if name in _AS_IS or name.startswith("_"):
            continue
        if name in ("event", "exception", "stack"):
            event[name] = redact_text(value if isinstance(value, str) else str(value))
        else:
            event[name] = redact(name, value)
    return event


@contextmanager
def bound(**values: str) -> Iterator[None]:
    """Name the request or the job on every line written within."""
    with structlog.contextvars.bound_contextvars(**values):
        yield


def _without_formatted(_logger: Any, _method: str, event: _Event) -> _Event:
    """What another handler's formatter has left at the record is not something that somebody wanted told."""
    if "_record" in event:
        for name in ("message", "asctime"):
            event.pop(name, None)
    return event


def _with_trace(_logger: Any, _method: str, event: _Event) -> _Event:
    traceparent = telemetry.current_traceparent()
    if traceparent:
        event.setdefault("trace_id", traceparent.split("-")[1])
    return event


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    logging.getLogger("headgate").critical("nobody caught this", exc_info=(kind, error, traceback))


def _uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
        _uncaught(told.exc_type, told.exc_value, told.exc_traceback)
