"""A secret planted in every path by which something can be logged is in none of the lines."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import warnings

import pytest
import structlog

from headgate.kernel.logs import bound, configure_logs, tell_uncaught

PLANTED = "hunter2hunter2"


@pytest.fixture(autouse=True)
def _as_before():
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture(params=["json", "console"])
def lines(request):
    stream = io.StringIO()
    configure_logs(stream, form=request.param, level="info")
    tell_uncaught()
    return stream


def fail():
    local_password = PLANTED
    raise RuntimeError(f"cannot reach postgresql://u:{local_password}@db/x")


def our_logger():
    structlog.get_logger("headgate.x").info("in", password=PLANTED, data={"email": PLANTED}, note=f"token={PLANTED}")


def our_message():
    structlog.get_logger("headgate.x").warning(f"failed with secret={PLANTED}")


def our_exception():
    try:
        fail()
    except RuntimeError:
        structlog.get_logger("headgate.x").exception("broke")


def standard_logger():
    logging.getLogger("psycopg.pool").error("cannot connect to %s", f"postgresql://u:{PLANTED}@db/x")


def standard_exception():
    try:
        fail()
    except RuntimeError as error:
        logging.getLogger("alembic").error("failed: %s", error, exc_info=error)


def standard_extra():
    logging.getLogger("other").error("with extra", extra={"api_key": PLANTED})


def access_log():
    logging.getLogger("uvicorn.access").info(
        '%s - "%s %s HTTP/%s" %d', "10.0.0.1:1", "GET", f"/sign-in?token={PLANTED}", "1.1", 200
    )


def server_error():
    try:
        fail()
    except RuntimeError as error:
        logging.getLogger("uvicorn.error").error("Exception in ASGI application\n", exc_info=error)


def a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"old password={PLANTED}", stacklevel=1)


def bound_value():
    with bound(session_token=PLANTED):
        structlog.get_logger("headgate.x").info("in")


def uncaught():
    try:
        fail()
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)


PATHS = (
    our_logger,
    our_message,
    our_exception,
    standard_logger,
    standard_exception,
    standard_extra,
    access_log,
    server_error,
    a_warning,
    bound_value,
    uncaught,
)


@pytest.mark.parametrize("write", PATHS, ids=lambda f: f.__name__)
def test_a_planted_secret_is_in_no_line(lines, write):
    write()
    told = lines.getvalue()
    assert told.strip(), "nothing was logged, so nothing was tried"
    assert PLANTED not in told


def test_json_lines_are_one_object_each_with_the_request_they_belong_to():
    stream = io.StringIO()
    configure_logs(stream, form="json")
    with bound(request_id="r-1"):
        our_exception()
    logging.getLogger("uvicorn.error").info("started %d", 3)
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["event"] == "broke"
    assert first["request_id"] == "r-1"
    assert first["level"] == "error"
    assert first["logger"] == "headgate.x"
    assert "RuntimeError" in first["exception"]
    assert first["timestamp"].endswith("Z")
    assert second == {
        "event": "started 3",
        "level": "info",
        "logger": "uvicorn.error",
        "timestamp": second["timestamp"],
    }


def test_a_level_hides_what_is_below_it():
    stream = io.StringIO()
    configure_logs(stream, form="json", level="warning")
    structlog.get_logger("a").info("quiet")
    logging.getLogger("b").info("quiet")
    structlog.get_logger("a").warning("loud")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud"]


def test_a_thread_that_dies_tells_so_without_its_secrets():
    code = (
        "import threading\nfrom headgate.kernel.logs import configure_logs, tell_uncaught\n"
        "configure_logs(form='json')\ntell_uncaught()\n"
        f"def run():\n    secret = '{PLANTED}'\n    raise RuntimeError('password=' + secret)\n"
        "t = threading.Thread(target=run)\nt.start()\nt.join()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "nobody caught this" in done.stderr
    assert PLANTED not in done.stderr + done.stdout
