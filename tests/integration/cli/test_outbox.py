"""Targets, subscriptions and dead letters from the command line, against a receiver on this machine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from standardwebhooks import Webhook

from headgate.access import find_tenant
from headgate.kernel.clock import SystemClock
from headgate.ledger import CommandDraft, outbox_add
from headgate.store import Database
from tests.integration.cli.shell import Shell
from tests.integration.connectors.delivery.receiver import Receiver, receiving


@pytest.fixture(autouse=True)
def _allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_OUTBOUND_ALLOW", "127.0.0.0/8")
    monkeypatch.delenv("HEADGATE_AUTHORIZATION", raising=False)


@pytest.fixture
def slug(shell: Shell) -> str:
    name = f"t-{uuid.uuid4().hex[:8]}"
    shell.ok("tenant", "create", name, "--name", "Nord", "--currency", "EUR")
    return name


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def want(database: Database, slug: str, *keys: str) -> None:
    drafts = [CommandDraft("erp", "thing.release", f"T-{k}", {"k": k}, k) for k in keys]
    with database.transaction(find_tenant(database, slug)) as conn:
        outbox_add(conn, SystemClock().now(), drafts)


def test_commands_wait_are_refused_and_are_sent_again(
    shell: Shell, slug: str, database: Database, receiver: Receiver
) -> None:
    want(database, slug, "a", "b")
    assert "2 commands wait for erp, which is not registered" in shell.ok("targets", "list", "-t", slug).out
    made = shell.read("targets", "add", "erp", receiver.url, "--rate", "50", "--ordered", "-t", slug)
    receiver.answer(422)
    assert shell.read("outbox", "deliver", "-t", slug) == {"failed": 2}
    dead = shell.read("outbox", "list", "-t", slug)["items"]
    assert [c["status"] for c in dead] == ["dead", "dead"]
    assert "422" in shell.ok("outbox", "show", dead[0]["id"], "-t", slug).out
    receiver.answer(200)
    assert shell.run("outbox", "replay", "-t", slug, "--because", "x").code == 1
    assert "1 are sent again" in shell.ok("outbox", "replay", dead[0]["id"], "--because", "mended", "-t", slug).out
    assert len(shell.read("outbox", "dismiss", "--target", "erp", "--because", "by hand", "-t", slug)["ids"]) == 1
    assert shell.read("outbox", "deliver", "-t", slug) == {"delivered": 1}
    Webhook(made["secret"]).verify(receiver.received[-1].body, dict(receiver.received[-1].headers))
    assert shell.read("targets", "list", "-t", slug)["items"][0]["backlog"]["pending"] == 0
    assert "whsec_" not in shell.ok("targets", "show", "erp", "-t", slug).out


def test_a_subscription_is_made_changed_pinged_and_paused(shell: Shell, slug: str, receiver: Receiver) -> None:
    shell.ok("subscriptions", "add", "shop", receiver.url, "--type", "order.*", "-t", slug)
    shell.ok("subscriptions", "change", "shop", "--type", "*", "--attempts", "3", "-t", slug)
    shown = shell.read("subscriptions", "show", "shop", "-t", slug)
    assert (shown["code"], shown["types"], shown["max_attempts"]) == ("shop", [], 3)
    assert "shop took it (answered 200)" in shell.ok("subscriptions", "ping", "shop", "-t", slug).out
    receiver.answer(500)
    refused = shell.run("subscriptions", "ping", "shop", "-t", slug)
    assert (refused.code, "answered 500" in refused.out) == (1, True)
    assert "disabled" in shell.ok("subscriptions", "disable", "shop", "--because", "contract ended", "-t", slug).out
    assert shell.read("subscriptions", "rotate", "shop", "-t", slug)["secret"].startswith("whsec_")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("targets", "add", "erp", "https://10.0.0.1/"), "not a public address"),
        (("targets", "add", "erp", "https://erp.example/", "--rate", "many"), "--rate"),
        (("targets", "show", "nobody"), "there is no target nobody"),
        (("subscriptions", "ping", "nobody"), "there is no subscription nobody"),
        (("outbox", "list", "--status", "lost"), "--status"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(shell: Shell, slug: str, arguments: tuple[str, ...], words: str) -> None:
    ran = shell.run(*arguments, "-t", slug)
    assert ran.code == 1
    assert words in ran.err
