"""Settings: read from the environment once, checked, and never changed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from headgate.kernel.errors import Misconfigured
from headgate.kernel.settings import Settings, load_settings


def test_nothing_has_to_be_set() -> None:
    found = load_settings({})
    assert found.home.is_absolute()
    assert found == Settings(home=found.home)


def test_what_is_set_counts() -> None:
    found = load_settings(
        {
            "HEADGATE_HOME": "/srv/headgate",
            "HEADGATE_DATABASE_URL": "postgresql://db/headgate",
            "HEADGATE_APP_DATABASE_URL": "postgresql://app@db/headgate",
            "HEADGATE_LANES": "64",
            "HEADGATE_BATCH": "512",
            "HEADGATE_SECURE_COOKIES": "true",
        }
    )
    assert found.home == Path("/srv/headgate")
    assert (found.database_url, found.app_database_url) == ("postgresql://db/headgate", "postgresql://app@db/headgate")
    assert (found.lanes, found.batch, found.secure_cookies) == (64, 512, True)


def test_hosts_of_consoles_are_read_with_their_tenants() -> None:
    found = load_settings({"HEADGATE_CONSOLE_HOSTS": "Console.Acme.example.=acme, desk.other.example = other,"})
    assert found.console_hosts == (("console.acme.example", "acme"), ("desk.other.example", "other"))


def test_a_home_is_made_absolute() -> None:
    assert load_settings({"HEADGATE_HOME": "~/data"}).home == Path.home() / "data"
    assert load_settings({"HEADGATE_HOME": "data"}).home == Path.cwd() / "data"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEADGATE_LANES", "many"),
        ("HEADGATE_LANES", "0"),
        ("HEADGATE_LANES", "257"),
        ("HEADGATE_BATCH", "-1"),
        ("HEADGATE_LEASE_SECONDS", "1.5"),
        ("HEADGATE_POOL_SIZE", "0"),
        ("HEADGATE_EVENT_MAX_BYTES", "1"),
        ("HEADGATE_BACKTEST_DAYS", "1101"),
        ("HEADGATE_UNDO_SECONDS", "601"),
        ("HEADGATE_CONSOLE_HOSTS", "console.acme.example"),
        ("HEADGATE_CONSOLE_HOSTS", "console.acme.example="),
        ("HEADGATE_CONSOLE_HOSTS", "https://console.acme.example=acme"),
        ("HEADGATE_CONSOLE_HOSTS", "console.acme.example=acme, CONSOLE.acme.example.=other"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        load_settings({name: value})


def test_settings_do_not_change_afterwards() -> None:
    found = load_settings({})
    with pytest.raises(FrozenInstanceError):
        found.lanes = 1  # type: ignore[misc]
