"""Stepping into a case in the console: what would happen is told first, and two people do what passes over an
approval."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from headgate.console import urls
from headgate.process import ActionResult
from tests.integration.console.site import Visitor, words
from tests.integration.process.test_side_by_side import (
    ONBOARDING,
    SCREENING,
    Newcomers,
    ask,
    case,
    finish_papers,
    look,
    put,
    standing,
)


@pytest.fixture
def office(visitor: Visitor) -> Visitor:
    """A console of a tenant that takes newcomers in, with one of them underway."""
    registry = visitor.channel.app.engine.registry
    registry.ports["newcomer"] = Newcomers()
    registry.actions["newcomer.look"] = look
    registry.actions["newcomer.note"] = lambda call: ActionResult(dict(call.args))
    put(visitor.channel, SCREENING, "screening.yaml")
    put(visitor.channel, ONBOARDING, "onboarding.yaml")
    ask(visitor.channel)
    return visitor


def page_of(office: Visitor) -> str:
    return urls.case(case(office.channel, "N-1")["case_id"])


def step_in(office: Visitor, kind: str, at: str, reason: str = "they came on paper", **more: str) -> str:
    """Look at what would happen, then do it; what the page says afterwards."""
    address = f"{page_of(office)}/step-in?kind={kind}&at={at}"
    shown = office.get(address)
    assert shown.status_code == 200, words(shown)
    seen = re.search(r'name="seen" value="([^"]+)"', shown.text)
    assert seen is not None
    form = {"kind": kind, "at": at, "reason": reason, "seen": seen[1], **more}
    return words(office.post(f"{page_of(office)}/step-in", form, follow=True))


def test_the_page_of_a_case_shows_where_it_stands(office: Visitor) -> None:
    page = office.enter("carl").get(page_of(office))
    assert page.text.count('class="stage current"') == 1
    told = words(page)
    assert "papers checks/papers the task 'Collect the papers of N-1', order desk" in told
    assert told.count("started by this case") == 2
    assert "the case is here" in page.text
    child = re.search(
        rf'href="({urls.CASES}/[0-9a-f-]+)" data-row><span class="first">Newcomer N-1-screening-1', page.text
    )
    assert child is not None
    assert "started this case" in words(office.get(child[1]))


def test_who_may_not_step_in_sees_where_it_stands_and_no_buttons(office: Visitor) -> None:
    page = office.enter("fay").get(page_of(office))
    assert "Where it stands" in page.text
    assert "step-in" not in page.text
    assert office.get(f"{page_of(office)}/step-in?kind=skip&at=checks/papers").status_code == 403


def test_what_would_happen_is_told_and_nothing_has_happened(office: Visitor) -> None:
    told = words(office.enter("carl").get(f"{page_of(office)}/step-in?kind=skip&at=checks/papers"))
    assert "Its task is closed as cancelled" in told
    assert "Branch papers counts as done" in told
    assert "It does not count as an approval" in told
    assert standing(office.channel)["papers"] == "waiting collect"


def test_a_skipped_step_is_done_with_its_reason_in_the_timeline(office: Visitor) -> None:
    office.enter("carl")
    told = step_in(office, "skip", "checks/papers")
    assert standing(office.channel)["papers"] == "done collect"
    assert "skipped checks/papers, which is no approval" in told
    assert "they came on paper" in told
    assert "Done. Your reason stands in the timeline." in told


def test_without_a_reason_nothing_is_done(office: Visitor) -> None:
    office.enter("carl")
    assert "is missing" in step_in(office, "skip", "checks/papers", reason=" ")
    assert standing(office.channel)["papers"] == "waiting collect"


def test_what_was_looked_at_before_the_case_moved_is_shown_anew(office: Visitor) -> None:
    office.enter("carl")
    address = f"{page_of(office)}/step-in?kind=jump&at=looking"
    seen = re.search(r'name="seen" value="([^"]+)"', office.get(address).text)
    assert seen is not None
    office.channel.clock.move(timedelta(minutes=5))
    finish_papers(office.channel, case(office.channel, "N-1")["case_id"])
    form = {"kind": "jump", "at": "looking", "reason": "from the start", "seen": seen[1]}
    answer = office.post(f"{page_of(office)}/step-in", form)
    assert answer.status_code == 409
    assert "The case has moved since you looked at it" in answer.text
    assert case(office.channel, "N-1")["stage"] == "gathering"


def test_what_passes_over_an_approval_waits_for_a_second_person(office: Visitor) -> None:
    office.enter("carl")
    told = step_in(office, "skip", "checks/agreement", reason="agreed on the phone")
    assert "another person has to confirm it" in told
    assert "Take it back" in told
    assert standing(office.channel)["agreement"] == "waiting agreed"
    page = office.enter("tom").get(page_of(office))
    found = re.search(r'action="(/interventions/[0-9a-f-]+)/confirm"', page.text)
    assert found is not None
    told = words(office.post(f"{found[1]}/confirm", {"case": page_of(office).rsplit("/", 1)[-1]}, follow=True))
    assert standing(office.channel)["agreement"] == "waiting signed"
    assert "skipped checks/agreement, which is no approval, as carl had asked" in told
    again = words(office.post(f"{found[1]}/confirm", {"case": page_of(office).rsplit("/", 1)[-1]}, follow=True))
    assert "Not done: this intervention is confirmed already" in again


def test_what_was_asked_for_can_be_turned_down(office: Visitor) -> None:
    office.enter("carl")
    step_in(office, "jump", "active")
    page = office.enter("tom").get(page_of(office))
    found = re.search(r'action="(/interventions/[0-9a-f-]+)/turn-down"', page.text)
    assert found is not None
    told = words(office.post(f"{found[1]}/turn-down", follow=True))
    assert "It will not be done" in told
    assert case(office.channel, "N-1")["stage"] == "gathering"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("kind=skip&at=checks/nothing", "is nothing this case waits at"),
        ("kind=jump&at=nowhere", "is not a stage of this process"),
        ("kind=jump&at=gathering", "is where the case is already"),
    ],
)
def test_what_makes_no_sense_is_told_before_a_reason_is_asked_for(office: Visitor, query: str, said: str) -> None:
    answer = office.enter("carl").get(f"{page_of(office)}/step-in?{query}")
    assert answer.status_code == 422
    assert said in words(answer)
    assert 'name="reason"' not in answer.text
