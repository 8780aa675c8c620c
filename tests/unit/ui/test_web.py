"""What edges say of a request."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from headgate.ui.web import path_for_logs


def asked(path: str, **places: str) -> Request:
    return Request({"type": "http", "method": "GET", "path": path, "headers": [], "path_params": places})


@pytest.mark.parametrize(
    ("path", "places", "told"),
    [
        ("/mails/t.hg1.secret", {"token": "t.hg1.secret"}, "/mails/{token}"),
        ("/deals/DR-1/files/7", {"deal": "DR-1", "file": "7"}, "/deals/{deal}/files/{file}"),
        ("/orders", {}, "/orders"),
    ],
)
def test_a_path_in_logs_has_no_secret_of_a_link(path: str, places: dict[str, str], told: str) -> None:
    assert path_for_logs(asked(path, **places)) == told
