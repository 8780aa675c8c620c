"""Policies in the files of other tools over HTTP: out, changed, in as a draft, and refused with their place."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.scenarios.api.test_authoring import POLICY
from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World


def sent(data: bytes, filename: str, **more: Any) -> dict[str, Any]:
    """The body of an import."""
    return {"filename": filename, "content": base64.b64encode(data).decode(), **more}


@pytest.fixture
def freight(world: World) -> World:
    """A world with a draft called freight."""
    assert world.post("carl", "/v1/policies", {"text": POLICY}).status_code == 201
    return world


@pytest.mark.parametrize("form", ["csv", "dmn", "jdm", "xlsx"])
def test_a_policy_goes_out_and_comes_back_as_the_next_version(freight: World, form: str) -> None:
    out = freight.get("carl", "/v1/policies/freight/export", format=form)
    assert out.status_code == 200, out.text
    ending = {"jdm": "json"}.get(form, form)
    assert out.headers["content-disposition"] == f'attachment; filename="freight.{ending}"'
    if form != "xlsx":
        assert "1 tests" in out.headers["headgate-notice"] or "2 tests" in out.headers["headgate-notice"]
    looked = freight.post("carl", "/v1/policy-imports", sent(out.content, f"freight.{ending}", check=True))
    assert looked.status_code == 200, looked.text
    assert looked.json()["drafted"] == []
    assert len(freight.get("carl", "/v1/policies/freight").json()["versions"]) == 1
    made = freight.post("carl", "/v1/policy-imports", sent(out.content, f"freight.{ending}")).json()
    assert [(v["policy"], v["version"], v["status"]) for v in made["drafted"]] == [("freight", 2, "draft")]
    assert made["policies"][0]["sound"]
    assert [t["passed"] for t in made["policies"][0]["tests"]] == [True, True]
    assert any(n["place"] == "version" for n in made["policies"][0]["notices"])
    found = freight.get("carl", "/v1/policies/freight", version=2).json()
    assert [r["when"] for r in found["rows"]] == [{"order_amount": ">= 500"}, {}]
    assert (
        freight.get("audrey", "/v1/audit", action="policy.drafted").json()["items"][0]["actor"].startswith("user:carl")
    )


def test_a_pasted_sheet_changes_a_policy_by_plain_headers(freight: World) -> None:
    sheet = b"Amount of the order\tOutcome\n>= 500\tfree\n< 500\tcharged\n"
    made = freight.post("carl", "/v1/policy-imports", sent(sheet, "paste.txt", policy="freight")).json()
    assert [(v["policy"], v["version"]) for v in made["drafted"]] == [("freight", 2)]


def test_a_file_that_cannot_be_read_stores_nothing_and_names_each_place(freight: World) -> None:
    sheet = b"id,in a: number,out b: number\nx,> 1,many\ny,> 2,lots\n"
    refused = freight.post("carl", "/v1/policy-imports", sent(sheet, "rates.csv"))
    assert [e["field"] for e in problem(refused, 422, "invalid")["errors"]] == ["rates.csv C2", "rates.csv C3"]
    assert "rates" not in {p["policy"] for p in freight.get("carl", "/v1/policies").json()["items"]}


def test_a_table_that_does_not_lint_is_looked_at_but_not_drafted(freight: World) -> None:
    sheet = b"hit,unique,\nid,in a: number,out b: number\nx,> 1,1\ny,> 2,2\n"
    looked = freight.post("carl", "/v1/policy-imports", sent(sheet, "rates.csv", check=True)).json()
    assert not looked["policies"][0]["sound"]
    assert "overlaps" in {r["rule"] for r in looked["policies"][0]["remarks"]}
    problem(freight.post("carl", "/v1/policy-imports", sent(sheet, "rates.csv")), 422, "invalid")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (sent(b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>', "x.dmn"), 422),
        (sent(b"x", "x.exe"), 422),
        ({"filename": "x.dmn", "content": "not base64!"}, 422),
        (sent(b"id", "x.csv", policy="nothing_here"), 404),
        (sent(b"id", "x.csv", surprise=1), 400),
    ],
)
def test_bad_imports_are_refused(freight: World, body: dict[str, Any], status: int) -> None:
    assert freight.post("carl", "/v1/policy-imports", body).status_code == status


def test_only_authors_import_and_only_readers_export(freight: World) -> None:
    assert freight.post("erp", "/v1/policy-imports", sent(b"id", "x.csv")).status_code == 403
    assert freight.get("erp", "/v1/policies/freight/export").status_code == 403
    assert freight.get("carl", "/v1/policies/freight/export", format="docx").status_code == 400
    assert freight.get("carl", "/v1/policies/no_such/export").status_code == 404
