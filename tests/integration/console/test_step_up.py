"""Acts on who may do what ask again who it is: every such way in of console and portal, taken from the routers."""

from __future__ import annotations

from datetime import timedelta

from headgate.console import urls
from headgate.console.app import DOORS
from headgate.console.guard import WHERE
from headgate.portal.app import DOORS as PORTAL_DOORS
from headgate.portal.urls import COMPANY, person_act
from tests.integration.console.site import Visitor
from tests.integration.console.test_doors import address

# Where people, roles, duties, machines, sign-on, support and the brand are administered. A new page of that
# kind goes below one of these; what asks for no proof there stands in ASKS_NOTHING with its reason.
ROOTS = ("/people", "/duties", "/roles", "/identity/", "/access-reviews", "/provider-access", "/settings/brand")
ASKS_NOTHING = {
    # A revocation asks within (test_access_reviews); hundreds are kept in a row.
    "/access-reviews/{review}/decisions",
    # Whoever keeps or shuts somebody of a provider out is not kept from it.
    urls.guest_act("{guest}", "refuse"),
    urls.guest_act("{guest}", "revoke"),
}
STALE = [
    door for door in DOORS if door.method == "POST" and door.path.startswith(ROOTS) and door.path not in ASKS_NOTHING
]


def test_the_ways_in_are_found() -> None:
    assert len(STALE) > 12
    known = {door.path for door in DOORS}
    assert known >= ASKS_NOTHING, "what is no way in any more needs no exception"


def test_without_a_fresh_proof_nothing_is_done_there(visitor: Visitor) -> None:
    visitor.enter("tom")
    token = visitor.token()
    visitor.channel.clock.move(timedelta(minutes=25))
    asked = {}
    for door in STALE:
        answer = visitor.post(address(door), token=token, follow=False)
        asked[door.path] = (answer.status_code, answer.headers.get("location", "").partition("?")[0])
    assert asked == {door.path: (303, WHERE.confirm) for door in STALE}


def test_who_hands_on_their_rights_or_passes_over_the_second_person_proves_who_they_are() -> None:
    fresh = {door.path.replace("%7B", "{").replace("%7D", "}"): door.fresh for door in DOORS if door.method == "POST"}
    assert fresh[urls.DELEGATIONS]
    assert fresh["/policies/{policy}/versions/{version}/emergency"]
    # Whoever takes a right back is not kept from it.
    assert not fresh[urls.delegation_revoke("{delegation}")]


def test_who_runs_clients_proves_who_they_are() -> None:
    doors = {door.path: door.fresh for door in DOORS if door.path.startswith(urls.TENANTS) and door.method == "POST"}
    assert len(doors) > 8
    # Whoever leaves a client is not kept from it.
    assert {path for path, fresh in doors.items() if not fresh} == {urls.tenant_guest_end("{tenant}", "{guest}")}


def test_administrators_of_a_partner_prove_who_they_are_as_well() -> None:
    doors = {door.path: door.fresh for door in PORTAL_DOORS if door.path.startswith(COMPANY) and door.method == "POST"}
    # Whoever shuts somebody out is not kept from it.
    assert {path for path, fresh in doors.items() if not fresh} == {person_act("{person}", "deactivate")}
