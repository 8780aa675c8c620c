"""Static files: bundled, versioned, small, and nothing from elsewhere."""

import gzip
import re
from pathlib import Path

import pytest

from headgate.kernel.errors import NotFound
from headgate.ui.assets import PREFIX, STATIC, load_assets, without_comments
from headgate.ui.headers import SECURITY_HEADERS
from headgate.ui.theme import parse_theme

ASSETS = load_assets()
FIRST_LOAD = ("app.css", "app.js", "htmx.min.js", "icons.svg", "inter-latin.woff2", "logo.svg")


def test_an_address_changes_with_the_bytes(tmp_path: Path) -> None:
    assert ASSETS.url("app.css") == f"{PREFIX}/{ASSETS.version}/app.css"
    for part in ("css", "js", "vendor", "editor", "diagram", "guide"):
        (tmp_path / part).mkdir()
        for source in (STATIC / part).iterdir():
            (tmp_path / part / source.name).write_bytes(source.read_bytes())
    (tmp_path / "logo.svg").write_bytes((STATIC / "logo.svg").read_bytes())
    assert load_assets(tmp_path).version == ASSETS.version
    (tmp_path / "css" / "print.css").write_text("a { color: black }")
    assert load_assets(tmp_path).version != ASSETS.version


def test_a_file_that_does_not_exist_is_an_error_not_an_address() -> None:
    with pytest.raises(NotFound):
        ASSETS.url("ap.css")
    with pytest.raises(NotFound):
        ASSETS.get("../templates.py")


def test_every_own_file_is_part_of_a_bundle() -> None:
    for folder, bundle in (
        ("css", "app.css"),
        ("js", "app.js"),
        ("editor", "policy-editor.js"),
        ("diagram", "diagram.js"),
        ("guide", "styleguide.css"),
    ):
        for source in (STATIC / folder).iterdir():
            sent = source.read_bytes() if bundle != "app.css" else without_comments(source.read_bytes())
            assert sent in ASSETS.get(bundle).body, source.name


def test_styles_are_sent_without_the_comments_of_their_source() -> None:
    assert without_comments(b"a { b: c; }\n/* why\n so */\nd { e: f; /* g */ }\n") == b"a { b: c; }\nd { e: f; }\n"
    assert b"/*" not in ASSETS.get("app.css").body


def test_the_gzipped_bytes_are_the_same_bytes() -> None:
    packed = ASSETS.get("app.css").gzipped
    assert packed is not None
    assert gzip.decompress(packed) == ASSETS.get("app.css").body


def test_what_a_first_page_loads_is_small_before_and_after_compression() -> None:
    sent = sum(len(ASSETS.get(name).gzipped or ASSETS.get(name).body) for name in FIRST_LOAD)
    assert sent < 120_000
    assert sum(len(ASSETS.get(name).body) for name in FIRST_LOAD) < 240_000


def test_nothing_is_loaded_from_another_host() -> None:
    for name in ("app.css", "app.js", "policy-editor.js"):
        text = ASSETS.get(name).body.decode()
        addresses = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text.replace("http://www.w3.org/2000/svg", ""))
        assert addresses == []


def test_fonts_named_in_the_styles_stand_beside_them() -> None:
    for name in re.findall(r'url\("([^"]+\.woff2)"\)', ASSETS.get("app.css").body.decode()):
        assert ASSETS.get(name).media_type == "font/woff2"


def test_own_scripts_never_evaluate_text() -> None:
    script = ASSETS.get("app.js").body.decode()
    assert not re.search(r"\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write", script)


def test_vendored_files_keep_their_licences() -> None:
    for stem in ("htmx", "inter", "tabler-icons"):
        assert (STATIC / "vendor" / f"{stem}.LICENSE").stat().st_size > 400


def test_the_content_policy_allows_nothing_inline() -> None:
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    ("cookie", "theme"), [(None, "system"), ("dark", "dark"), ("light", "light"), ('"><script>', "system")]
)
def test_only_known_themes_are_taken_from_the_cookie(cookie: str | None, theme: str) -> None:
    assert parse_theme(cookie) == theme
