"""The API keeps what its OpenAPI document promises, whatever is sent: schemathesis with all its checks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import schemathesis
from requests.structures import CaseInsensitiveDict
from schemathesis.config import SchemathesisConfig
from starlette.types import ASGIApp, Receive, Scope, Send

from headgate.api import create_app
from headgate.kernel.clock import FixedClock
from headgate.kernel.settings import Settings
from headgate.store import Database
from headgate.wiring import App
from headgate.worker import ExportLoop
from tests.scenarios.api.world import World, bearer, event, make_provider, new_tenant, open_world, order

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

# 422 is what a request gets that fits its schema and says something that cannot be accepted (an unknown currency, a
# policy that does not parse); a request that does not fit gets 400, which is never fine for one that schemathesis holds
# for valid.
ACCEPTED = ["2xx", "401", "403", "404", "409", "422"]

CONFIG = {
    "generation": {"max-examples": 10, "deterministic": True},
    "checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}},
}

# Who is asked to do what: duties are apart, so no one person may do everything.
DOERS = {
    ("POST", "/v1/events"): "erp",
    ("POST", "/v1/price-exceptions"): "desk",
    ("POST", "/v1/price-exceptions/{number}/amend"): "desk",
    ("POST", "/v1/price-exceptions/{number}/files"): "desk",
    ("POST", "/v1/policies/{name}/versions/{version}/approve"): "fiona",
    ("POST", "/v1/policies/{name}/versions/{version}/activate"): "fiona",
    ("POST", "/v1/policies/{name}/versions/{version}/send-back"): "fiona",
    ("POST", "/v1/policies/{name}/versions/{version}/retire"): "fiona",
    ("POST", "/v1/policies/{name}/versions/{version}/emergency"): "prue",
    ("POST", "/v1/policies/{name}/versions/{version}/emergency-review"): "fiona",
    ("POST", "/v1/agreements"): "prue",
    ("POST", "/v1/agreements/{agreement}/submit"): "prue",
    ("POST", "/v1/agreements/{agreement}/approve"): "fay",
    ("POST", "/v1/agreements/{agreement}/activate"): "fay",
    ("POST", "/v1/audit/verify"): "audrey",
    ("POST", "/v1/quarantine/{id}/replay"): "desk",
    ("POST", "/v1/quarantine/{id}/dismiss"): "desk",
}


def who(method: str, path: str) -> str:
    """Whose key may do this."""
    if path.startswith("/v1/tenants"):
        return "olga"
    if path.startswith(("/v1/guests", "/v1/exports")):
        return "adam"
    return DOERS.get((method, path)) or ("audrey" if path.startswith("/v1/audit") else "carl")


@pytest.fixture(scope="module")
def shop(database: Database, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A tenant with an order released, one waiting for approval, one refused, and a draft of each thing."""
    home: Path = tmp_path_factory.mktemp("shop")
    world = open_world(database, new_tenant(database, NOW), FixedClock(NOW), home)
    make_provider(world, "olga")
    world.send(
        event("e-1", order("O-1")),
        event("e-2", order("O-2", ("S-1", "10", "8.00"), customer_reference="second")),
        event("e-3", order("O-3", ("UNKNOWN", "1", "1.00"), customer_reference="third")),
    )
    world.govern()
    return world


class Late:
    """The API under test, once there is one. Until then its document alone, for pytest to collect the operations.

    Requests are made up before there are any keys, so they carry the name of whose key it shall be.
    """

    def __init__(self) -> None:
        self.app: ASGIApp = create_app(
            cast(App, SimpleNamespace(settings=Settings(home=Path()), database=None, engine=None, clock=None))
        )
        self.keys: dict[bytes, bytes] = {}

    def serve(self, world: World) -> None:
        """Answer by this world from now on."""
        self.app = world.client.app
        self.keys = {f"Bearer {name}".encode(): f"Bearer {key}".encode() for name, key in world.keys.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [(name, self.keys.get(value, value)) for name, value in scope["headers"]]
            scope = {**scope, "headers": headers}
        await self.app(scope, receive, send)


late = Late()
schema = schemathesis.openapi.from_asgi("/v1/openapi.json", late, config=SchemathesisConfig.from_dict(CONFIG))


@schema.auth(refresh_interval=None)
class Keys:
    """Gives each operation the key of somebody who may do it."""

    def get(self, case: schemathesis.Case, _: schemathesis.AuthContext) -> str:
        return who(case.method.upper(), case.operation.path)

    def set(self, case: schemathesis.Case, data: str, _: schemathesis.AuthContext) -> None:
        case.headers = CaseInsensitiveDict({**dict(case.headers or {}), **bearer(data)})


@schema.parametrize()
def test_the_api_keeps_its_promises_whatever_is_sent(case: schemathesis.Case, shop: World) -> None:
    late.serve(shop)
    case.call_and_validate()


def held(shop: World, approval: dict[str, Any]) -> str:
    """A decision of Carl's that can be undone."""
    if not (items := shop.get("carl", "/v1/held-decisions").json()["items"]):
        item = {"approval": approval["approval"], "digest": approval["digest"]}
        body = {"outcome": "approve", "justification": "fine", "items": [item], "hold_seconds": 30}
        items = [shop.post("carl", "/v1/approval-decisions", body).json()]
    return str(items[0]["held"])


def export(shop: World) -> str:
    """An export of everything that can be downloaded."""
    shop.post("adam", "/v1/exports", {})
    ExportLoop(shop.channel.app).serve_one(shop.channel.tenant)
    items = shop.get("adam", "/v1/exports").json()["items"]
    return next(str(each["export"]) for each in items if each["status"] == "ready")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/orders", {}),
        ("/v1/orders", {"status": "held", "since": "2026-01-01T00:00:00Z", "q": "O-"}),
        ("/v1/orders/{order}", {}),
        ("/v1/cases", {}),
        ("/v1/cases/{case}", {}),
        ("/v1/tasks", {}),
        ("/v1/approvals/{approval}", {}),
        ("/v1/partners", {}),
        ("/v1/partners/{partner}", {}),
        ("/v1/products", {}),
        ("/v1/products/{product}", {}),
        ("/v1/stock", {}),
        ("/v1/agreements", {}),
        ("/v1/agreements/{agreement}", {}),
        ("/v1/policies", {}),
        ("/v1/policies/{name}", {}),
        ("/v1/decisions", {}),
        ("/v1/decisions/{decision}", {}),
        ("/v1/audit", {}),
        ("/v1/audit/{seq}", {}),
        ("/v1/quarantine", {}),
        ("/v1/quarantine/{id}", {}),
        ("/v1/held-decisions", {}),
        ("/v1/held-decisions/{held}", {}),
        ("/v1/me/mails", {}),
        ("/v1/exports", {}),
        ("/v1/exports/{export}", {}),
        ("/v1/exports/{export}/file", {}),
        ("/health/live", {}),
        ("/health/ready", {}),
        ("/problems/{code}", {}),
    ],
)
def test_what_is_there_is_answered_as_the_document_says(path: str, query: dict[str, str], shop: World) -> None:
    late.serve(shop)
    held_order = shop.get("carl", "/v1/orders/O-2").json()
    known = {
        "order": "O-2",
        "case": held_order["case"],
        "approval": held_order["approvals"][0]["approval"],
        "partner": "P-1",
        "product": "S-1",
        "agreement": shop.get("carl", "/v1/agreements").json()["items"][0]["agreement"],
        "name": "approval_matrix",
        "decision": held_order["decision"],
        "seq": 1,
        "id": shop.get("desk", "/v1/quarantine").json()["items"][0]["id"],
        "code": "stale",
        "held": held(shop, held_order["approvals"][0]) if "{held}" in path else "",
        "export": export(shop) if "{export}" in path else "",
    }
    used = {name: value for name, value in known.items() if f"{{{name}}}" in path}
    case = schema[path]["GET"].Case(path_parameters=used, query=query, headers=bearer(who("GET", path)))
    response = case.call_and_validate()
    assert response.status_code == 200
