"""A tenant with people, that may provision to this machine, with a clock that stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from headgate import access
from headgate.connectors import provisioning
from headgate.connectors.delivery import Rules, Wire
from headgate.connectors.provisioning import Provisioner, ProvisioningTarget, Run, RunStep, TargetDraft
from headgate.connectors.provisioning.working import work_run
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context
from headgate.ledger import audit_list
from headgate.store import Database
from tests.integration.connectors.provisioning.elsewhere import TOKEN, Elsewhere, elsewhere

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HERE = Rules(networks=(ip_network("127.0.0.0/8"),))


@dataclass(slots=True)
class House:
    """A tenant that provisions, as the tests speak of it."""

    database: Database
    tenant: UUID
    clock: FixedClock
    by: Provisioner
    waits: list[float] = field(default_factory=list)

    @property
    def ctx(self) -> Context:
        return Context(self.tenant, SYSTEM, self.clock.now())

    def hire(self, name: str, *roles: str, partner: str | None = None) -> str:
        mail = f"{name.split()[0].lower()}@nordwind.example"
        with self.database.transaction(self.tenant) as conn:
            account = access.create_person(conn, self.ctx, email=mail, name=name, partner=partner)
            for role in roles:
                access.grant_role(conn, self.ctx, account.principal, role)
        return account.principal

    def suspend(self, *principals: str) -> None:
        with self.database.transaction(self.tenant) as conn:
            for each in principals:
                access.suspend(conn, self.ctx, each)

    def reactivate(self, principal: str) -> None:
        with self.database.transaction(self.tenant) as conn:
            access.reactivate(conn, self.ctx, principal)

    def target(self, url: str, token: str = TOKEN, **chosen: Any) -> ProvisioningTarget:
        draft = TargetDraft(**{"name": "Helpdesk", "url": url, **chosen})
        with self.database.transaction(self.tenant) as conn:
            made = provisioning.create_target(conn, self.ctx, self.by.sealer, self.by.rules, draft, token)
            return provisioning.set_status(conn, self.ctx, made.id, "active")

    def get(self, target: ProvisioningTarget) -> ProvisioningTarget:
        with self.database.transaction(self.tenant) as conn:
            return provisioning.get_target(conn, target.id)

    def ask(self, target: ProvisioningTarget, kind: str = "run") -> Run:
        with self.database.transaction(self.tenant) as conn:
            ask = provisioning.ask_run if kind == "run" else provisioning.ask_preview
            return ask(conn, self.ctx, target.id)

    def work(self, by: Provisioner | None = None) -> Run | None:
        def sleep(seconds: float) -> bool:
            self.waits.append(seconds)
            return True

        ctx = Context(self.tenant, SYSTEM, self.clock.now())
        return work_run(by or self.by, ctx, "test", sleep)

    def run(self, target: ProvisioningTarget, kind: str = "run") -> Run:
        self.ask(target, kind)
        done = self.work()
        assert done is not None
        return done

    def steps(self, run: Run, **only: Any) -> list[RunStep]:
        with self.database.transaction(self.tenant) as conn:
            return provisioning.list_steps(conn, run.id, **only)

    def verbs(self, run: Run) -> list[str]:
        return [f"{s.verb} {s.local or s.remote_id} {s.status}" for s in self.steps(run)]

    def links(self, target: ProvisioningTarget) -> dict[str, Any]:
        with self.database.transaction(self.tenant) as conn:
            return {link.local: link for link in provisioning.links_of(conn, target.id)}

    def watch(self) -> None:
        with self.database.transaction(self.tenant) as conn:
            provisioning.watch(conn, self.ctx)

    def audit(self) -> list[Any]:
        with self.database.transaction(self.tenant) as conn:
            return [e for e in audit_list(conn, limit=500) if e.action.startswith("provisioning.")]

    def pass_time(self, **by: float) -> None:
        self.clock.move(timedelta(**by))

    def rules(self, rules: Rules) -> Provisioner:
        return replace(self.by, wire=Wire(rules))


@pytest.fixture
def there() -> Iterator[Elsewhere]:
    with elsewhere() as made:
        yield made


@pytest.fixture
def house(database: Database, tenant: UUID, tmp_path: Path) -> House:
    """Jitter takes the whole pause, and nobody really waits."""
    clock = FixedClock(NOW)
    envelope = access.Envelope.from_home(tmp_path)
    return House(database, tenant, clock, Provisioner(database, Wire(HERE), envelope, clock, lambda: 1.0))
