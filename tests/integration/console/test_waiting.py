"""The case page: a question to the partner stops the clock, and somebody may say that they answered by phone."""

from __future__ import annotations

from headgate.console import urls
from headgate.process import case_of_subject
from tests.integration.console.site import Visitor, words

WAITS = 'name="waits"'
LATE = "late before it was paused"


def test_a_question_pauses_the_clock_and_an_answer_by_phone_lets_it_run_on(visitor: Visitor) -> None:
    channel = visitor.channel
    channel.order("O-1", ("S-1", "10", "8.80"))
    channel.govern()
    with channel.app.database.transaction(channel.tenant) as conn:
        found = case_of_subject(conn, "order", "O-1")
    assert found is not None
    here = urls.case(found["case_id"])
    visitor.enter("carl")
    page = visitor.get(here)
    assert WAITS in page.text
    assert "They answered in another way" not in page.text
    told = words(visitor.post(urls.case_message(found["case_id"]), {"message": "Which project?", "waits": "yes"}))
    assert "The clock of this stage pauses until they answer" in told
    channel.govern()
    page = visitor.get(here)
    assert "waiting for the partner" in words(page)
    assert "asked the partner and waits for the answer" in words(page)
    assert WAITS not in page.text
    told = words(visitor.post(urls.case_answered(found["case_id"])))
    assert "The clock of this stage runs on" in told
    channel.govern()
    assert "took up the partner’s answer" in words(visitor.get(here))
    again = words(visitor.post(urls.case_answered(found["case_id"])))
    assert "Nothing was changed" in again
    assert "its clock runs" in again


def test_a_stage_that_was_late_before_it_was_paused_says_so(visitor: Visitor) -> None:
    channel = visitor.channel
    channel.order("O-1", ("S-1", "10", "8.80"))
    channel.govern()
    with channel.app.database.transaction(channel.tenant) as conn:
        found = case_of_subject(conn, "order", "O-1")
    assert found is not None
    here = urls.case(found["case_id"])
    channel.pass_time(days=6)
    visitor.enter("carl")
    assert LATE not in words(visitor.get(here)), "its clock runs, and says itself that it is overdue"
    visitor.post(urls.case_message(found["case_id"]), {"message": "Which project?", "waits": "yes"})
    channel.govern()
    page = words(visitor.get(here))
    assert LATE in page
    assert "Late since" in page


def test_a_message_that_waits_for_nothing_leaves_the_clock_alone(visitor: Visitor) -> None:
    channel = visitor.channel
    channel.order("O-1", ("S-1", "10", "8.80"))
    channel.govern()
    with channel.app.database.transaction(channel.tenant) as conn:
        found = case_of_subject(conn, "order", "O-1")
    assert found is not None
    visitor.enter("carl").post(urls.case_message(found["case_id"]), {"message": "All is well."})
    channel.govern()
    assert WAITS in visitor.get(urls.case(found["case_id"])).text
    refused = words(visitor.post(urls.case_message(found["case_id"]), {"message": " ", "waits": "yes"}))
    assert "The message was not sent" in refused
    channel.govern()
    assert WAITS in visitor.get(urls.case(found["case_id"])).text
