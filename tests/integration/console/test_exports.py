"""Export everything in the console: asked for, watched, downloaded, removed; by who may, and who has proved it."""

from __future__ import annotations

import io
import re
from datetime import timedelta

from headgate.access.tenancy import check_export, suspend_tenant
from headgate.kernel.context import SYSTEM
from headgate.worker import ExportLoop
from tests.integration.console.site import Visitor, words


def work(visitor: Visitor) -> None:
    """Let a worker serve this tenant."""
    ExportLoop(visitor.channel.app).serve_one(visitor.channel.tenant)


def forms(visitor: Visitor, act: str) -> list[str]:
    return re.findall(rf'action="(/exports/[^"]+/{act})"', visitor.get("/exports").text)


def test_it_is_asked_for_watched_downloaded_and_removed(visitor: Visitor) -> None:
    visitor.enter("tom")
    assert "Nothing was exported yet" in words(visitor.get("/exports"))
    assert "Waiting for a worker" in words(visitor.post("/exports"))
    assert "under way already" in words(visitor.post("/exports"))
    assert "Waiting for a worker" in visitor.get("/exports", part="progress").text
    work(visitor)
    assert visitor.get("/exports", part="progress").headers["hx-refresh"] == "true"
    assert "Ready" in words(visitor.get("/exports"))
    (download,) = forms(visitor, "download")
    assert f'action="{download}" method="post" data-file' in visitor.get("/exports").text, "it can be sent again"
    assert visitor.get(download).status_code == 404, "it is a form, for it is noted who took it"
    file = visitor.post(download)
    assert file.headers["content-disposition"].startswith('attachment; filename="export-')
    assert check_export(io.BytesIO(file.content))["slug"] == visitor.slug
    (end,) = forms(visitor, "end")
    assert "removed for everybody" in words(visitor.post(end))
    assert forms(visitor, "download") == []
    assert "removed already" in words(visitor.post(end))
    assert "is removed" in words(visitor.post(download))


def test_one_under_way_is_cancelled(visitor: Visitor) -> None:
    visitor.enter("tom")
    visitor.post("/exports")
    (end,) = forms(visitor, "end")
    assert "Nothing of it was kept" in words(visitor.post(end))


def test_it_is_for_who_may_and_has_lately_proved_who_they_are(visitor: Visitor) -> None:
    visitor.enter("tom")
    visitor.post("/exports")
    work(visitor)
    (download,) = forms(visitor, "download")
    for name in ("carl", "ada"):
        visitor.enter(name)
        assert "/exports" not in visitor.get("/help/keyboard").text
        assert visitor.get("/exports").status_code == 403
        assert visitor.post("/exports").status_code == 403
        assert visitor.post(download).status_code == 403
    visitor.enter("tom")
    visitor.channel.clock.move(timedelta(minutes=20))
    for path in ("/exports", download):
        asked = visitor.post(path, follow=False)
        assert asked.status_code == 303
        assert "confirm" in asked.headers["location"]


def test_administrators_of_a_tenant_that_is_shut_still_export(visitor: Visitor) -> None:
    visitor.enter("tom")
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        suspend_tenant(conn, channel.context(SYSTEM), "unpaid")
    assert "Waiting for a worker" in words(visitor.post("/exports"))
    work(visitor)
    (download,) = forms(visitor, "download")
    assert visitor.post(download).status_code == 200
