"""Everything is exported as an administrator does it: asked for, watched without a click, downloaded, and again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import expect

from headgate.access.tenancy import list_exports
from headgate.worker import ExportLoop
from tests.browser.stage import Stage

pytestmark = pytest.mark.slow


def test_an_export_is_asked_for_shows_up_by_itself_and_is_downloaded_twice(stage: Stage, tmp_path: Path) -> None:
    page = stage.tab("tom")
    page.goto("/people")
    page.get_by_role("link", name="Export everything").first.click()
    page.get_by_role("button", name="Ask for an export").click()
    expect(page.get_by_role("region", name="Waiting for a worker")).to_be_visible()
    app, tenant = stage.channel.app, stage.channel.tenant
    assert ExportLoop(app).step() == 1
    download = page.get_by_role("button", name="Download")
    expect(download).to_be_visible()
    with app.database.transaction(tenant) as conn:
        sha256 = list_exports(conn)[0].sha256
    for name in ("once.zip", "twice.zip"):
        with page.expect_download() as taken:
            download.click()
        taken.value.save_as(tmp_path / name)
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == sha256
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("It is removed for everybody.")).to_be_visible()
    expect(download).to_have_count(0)
