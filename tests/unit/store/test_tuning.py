"""Settings of the embedded server."""

from __future__ import annotations

from pathlib import Path

from headgate.store.tuning import server_settings


def test_commits_are_durable_unless_a_test_asks_otherwise() -> None:
    assert server_settings(Path("/s"), durable=True)["synchronous_commit"] == "on"
    assert "fsync" not in server_settings(Path("/s"), durable=True)
    assert server_settings(Path("/s"), durable=False)["fsync"] == "off"


def test_the_server_listens_on_a_private_socket_only() -> None:
    settings = server_settings(Path("/s"), durable=True)
    assert settings["listen_addresses"] == ""
    assert settings["unix_socket_directories"] == "/s"
    assert settings["unix_socket_permissions"] == "0700"
