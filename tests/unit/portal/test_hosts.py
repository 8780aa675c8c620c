"""Whose portal a host is, also while the database cannot be asked."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import pytest

from headgate.portal import hosts as module
from headgate.portal.hosts import Hosts

TENANT = uuid4()


def test_hosts_known_before_go_on_while_the_database_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[dict[str, UUID] | Exception] = [{"partners.example.com": TENANT}, psycopg.OperationalError("gone")]

    def asked(_: object, rules: object) -> dict[str, UUID]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(module, "portal_hosts", asked)
    hosts = Hosts(database=object(), fresh=0.0)  # type: ignore[arg-type]  # asked through the fake alone
    assert hosts.all() == {"partners.example.com": TENANT}
    assert hosts.all() == {"partners.example.com": TENANT}
    assert answers == []


def test_without_an_answer_no_host_is_a_portals(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: object, rules: object) -> dict[str, UUID]:
        raise psycopg.OperationalError("gone")

    monkeypatch.setattr(module, "portal_hosts", gone)
    hosts = Hosts(database=object())  # type: ignore[arg-type]  # asked through the fake alone
    assert hosts.all() == {}
    assert hosts.known("partners.example.com") is False
