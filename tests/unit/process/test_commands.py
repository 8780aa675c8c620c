"""Commands of a case: what they carry, how their results come back, and taking them back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from headgate.kernel.canonical import instant_text
from headgate.kernel.errors import Invalid, Refused
from headgate.ledger import StoredEvent
from headgate.process import ActionCall, ActionResult, Case, Surroundings, advance, parse_definition
from headgate.process.core.state import CommandIssued, RecordChanged, TaskOpened, TasksClosed, TimersCleared, TimerSet
from headgate.process.core.steps import RUNNERS

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AROUND = Surroundings(now=NOW, deadline=lambda start, hours: start, actions={}, decide=lambda *_: None)  # type: ignore[arg-type]

TEXT = """
process: trip
version: 1
title: A trip
subject: trip
owner: travel_desk
events:
  trip.booked: {key: "trip:{trip}", subject: "{trip}", starts: true}
  trip.called_off: {key: "trip:{trip}", subject: "{trip}"}
stages:
  - id: booked
    title: Booked
    enter:
      - {id: hotel, command: inn, type: room.book, payload: {nights: 3}, compensate: room.cancel}
      - {id: flight, command: air, type: seat.book, payload: {seat: 9A},
         compensate: {type: seat.free, target: desk, payload: {freed: 9A}}}
      - {id: told, command: post, type: note.send}
    on:
      trip.called_off: {do: [{roll_back: all}], to: off}
      command.failed: [{when: {command.step: hotel}, do: [{roll_back: flight}], to: off}]
  - {id: off, title: Called off, final: off}
"""
LEFT = '  trip.left: {key: "trip:{trip}", subject: "{trip}"}\n'
DEFINITION = parse_definition(TEXT, "trip.yaml")


def event(type_: str, seq: int, **data: object) -> StoredEvent:
    return StoredEvent(
        seq, "test", f"e-{seq}", type_, "T-1", "trip:T-1", 0, NOW, NOW, {"trip": "T-1", **data}, "x", "d"
    )


def result(command: CommandIssued, status: str, seq: int) -> StoredEvent:
    return event(
        f"command.{status}", seq, idempotency_key=command.idempotency_key, step=command.step, type=command.type
    )


class Trip:
    def __init__(self) -> None:
        self.case: Case | None = None
        self.seq = 0
        self.book = self.apply("trip.booked")

    def states(self) -> list[str]:
        assert self.case is not None
        return [entry["status"] for entry in self.case.data["commands"]]  # type: ignore[attr-defined]

    def apply(self, type_: str, **data: object) -> list[CommandIssued]:
        self.seq += 1
        return self._apply(event(type_, self.seq, **data))

    def answer(self, command: CommandIssued, status: str) -> list[CommandIssued]:
        self.seq += 1
        return self._apply(result(command, status, self.seq))

    def _apply(self, event: StoredEvent) -> list[CommandIssued]:
        done = advance(DEFINITION, self.case, event, AROUND, RUNNERS)
        self.case = done.case
        self.opened = [e for e in done.effects if isinstance(e, TaskOpened)]
        self.closed = [e for e in done.effects if isinstance(e, TasksClosed)]
        return [e for e in done.effects if isinstance(e, CommandIssued)]


def test_a_command_says_which_step_of_which_case_wants_to_hear_of_it() -> None:
    trip = Trip()
    hotel = trip.book[0]
    assert trip.case is not None
    assert (hotel.process, hotel.key, hotel.case_id) == ("trip", "trip:T-1", trip.case.case_id)
    assert (hotel.step, hotel.event_seq, hotel.idempotency_key) == ("hotel", 1, "trip:T-1:1:hotel")


def test_a_result_nobody_waits_for_changes_no_stage_and_is_kept() -> None:
    trip = Trip()
    assert trip.answer(trip.book[2], "delivered") == []
    assert trip.case is not None
    assert trip.case.stage == "booked"
    assert trip.case.data["command"]["step"] == "told"  # type: ignore[index]
    assert trip.case.data["command"]["status"] == "delivered"  # type: ignore[index]


def called_off() -> tuple[Trip, CommandIssued]:
    """A trip that was booked and is called off: its last booking is being taken back."""
    trip = Trip()
    for command in trip.book:
        trip.answer(command, "delivered")
    (freed,) = trip.apply("trip.called_off")
    return trip, freed


def test_delivered_commands_are_taken_back_in_reverse_order_each_after_the_one_before() -> None:
    trip, freed = called_off()
    assert (freed.target, freed.type, dict(freed.payload)) == ("desk", "seat.free", {"freed": "9A"})
    (cancelled,) = trip.answer(freed, "delivered")
    assert (cancelled.target, cancelled.type, dict(cancelled.payload)) == ("inn", "room.cancel", {"nights": 3})
    assert [c.idempotency_key for c in (freed, cancelled)] == [
        "trip:T-1:1:flight:compensate",
        "trip:T-1:1:hotel:compensate",
    ]
    assert trip.answer(cancelled, "delivered") == []
    assert trip.states() == ["undone", "undone"]


def test_what_has_not_arrived_is_taken_back_when_it_has() -> None:
    trip = Trip()
    hotel, flight, _ = trip.book
    trip.answer(flight, "delivered")
    (freed,) = trip.apply("trip.called_off")
    assert trip.answer(hotel, "delivered") == []  # the flight comes first
    assert [c.type for c in trip.answer(freed, "delivered")] == ["room.cancel"]  # although the case is closed
    assert trip.answer(hotel, "delivered") == []  # once


def test_where_taking_back_fails_it_stops_until_somebody_has_done_it() -> None:
    trip, freed = called_off()
    assert trip.answer(freed, "failed") == []
    (task,) = trip.opened
    assert (task.title, task.role) == ("Take back by hand: seat.free of T-1", "travel_desk")
    assert trip.states() == ["delivered", "stuck"]
    assert trip.answer(freed, "failed") == []
    assert trip.opened == []  # once
    assert [c.type for c in trip.apply("task.completed", task=str(task.task))] == ["room.cancel"]
    assert trip.states() == ["undoing", "undone"]


def test_what_is_delivered_after_all_goes_on_and_closes_the_task() -> None:
    trip, freed = called_off()
    trip.answer(freed, "failed")
    (task,) = trip.opened
    assert [c.type for c in trip.answer(freed, "delivered")] == ["room.cancel"]
    assert task.task in {closed.task for closed in trip.closed}


def test_what_never_arrives_is_not_taken_back_until_it_is_sent_again() -> None:
    trip = Trip()
    hotel, flight, _ = trip.book
    trip.answer(flight, "delivered")
    assert [c.type for c in trip.answer(hotel, "failed")] == ["seat.free"]  # the stage waits for that failure
    assert trip.case is not None
    assert trip.case.stage == "off"
    assert trip.answer(hotel, "delivered") == []  # only the flight was to be taken back


def test_a_failed_command_that_is_wanted_back_is_taken_back_after_a_replay() -> None:
    trip = Trip()
    _, flight, told = trip.book
    trip.apply("trip.called_off")
    assert trip.answer(flight, "failed") == []
    assert [c.type for c in trip.answer(flight, "delivered")] == ["seat.free"]
    assert trip.answer(told, "delivered") == []


def test_the_payload_to_take_back_is_what_it_was_when_the_command_was_issued() -> None:
    text = TEXT.replace("payload: {nights: 3}", "payload: {nights: $event.nights}")
    definition = parse_definition(text, "trip.yaml")
    first = advance(definition, None, event("trip.booked", 1, nights=Decimal(2)), AROUND, RUNNERS)
    hotel, flight, _ = [e for e in first.effects if isinstance(e, CommandIssued)]
    lost = advance(definition, first.case, result(flight, "failed", 2), AROUND, RUNNERS)
    told = advance(definition, lost.case, result(hotel, "delivered", 2), AROUND, RUNNERS)
    back = advance(definition, told.case, event("trip.called_off", 3, nights=Decimal(5)), AROUND, RUNNERS)
    assert [dict(e.payload) for e in back.effects if isinstance(e, CommandIssued)] == [{"nights": Decimal(2)}]


@pytest.mark.parametrize("name", ["command", "commands"])
def test_no_step_hides_what_a_case_keeps_of_commands(name: str) -> None:
    with pytest.raises(Exception, match="has a meaning of its own"):
        parse_definition(TEXT.replace("id: told,", f"id: {name},"), "trip.yaml")


RUN = TEXT.replace(
    "      - {id: told, command: post, type: note.send}",
    "      - {id: points, run: points.add, n: 5, compensate: {run: points.take, n: $points.added}}",
)


@pytest.mark.parametrize("refuses", [False, True])
def test_an_action_is_taken_back_by_an_action_and_the_next_one_at_once(refuses: bool) -> None:
    asked: list[object] = []

    def take(call: ActionCall) -> ActionResult:
        asked.append(dict(call.args))
        if refuses:
            raise Refused("the points are spent")
        return ActionResult({}, ("taken",))

    actions = {"points.add": lambda call: ActionResult({"added": call.args["n"]}), "points.take": take}
    around = replace(AROUND, actions=actions)
    definition = parse_definition(RUN, "trip.yaml")
    first = advance(definition, None, event("trip.booked", 1), around, RUNNERS)
    case = first.case
    for seq, command in enumerate([e for e in first.effects if isinstance(e, CommandIssued)], start=2):
        case = advance(definition, case, result(command, "delivered", seq), around, RUNNERS).case
    back = advance(definition, case, event("trip.called_off", 5), around, RUNNERS)
    assert asked == [{"n": 5}]
    sent = [e.type for e in back.effects if isinstance(e, CommandIssued)]
    records = [e.record for e in back.effects if isinstance(e, RecordChanged)]
    tasks = [e.title for e in back.effects if isinstance(e, TaskOpened)]
    if refuses:
        assert (sent, records, tasks) == ([], [], ["Take back by hand: points.take of T-1"])
        assert back.audit.body["taken_back"] == [{"step": "points", "status": "stuck", "why": "the points are spent"}]
    else:
        assert (sent, records, tasks) == (["seat.free"], ["taken"], [])


def test_what_is_still_to_be_taken_back_by_hand_outlives_the_stage() -> None:
    text = TEXT.replace("{roll_back: all}], to: off}", "{roll_back: flight}]}")
    text = text.replace("      command.failed:", "      trip.left: {to: off}\n      command.failed:")
    text = text.replace("  trip.called_off: {key", LEFT + "  trip.called_off: {key")
    definition = parse_definition(text, "trip.yaml")
    first = advance(definition, None, event("trip.booked", 1), AROUND, RUNNERS)
    flight = next(e for e in first.effects if isinstance(e, CommandIssued) and e.step == "flight")
    case = advance(definition, first.case, result(flight, "delivered", 2), AROUND, RUNNERS).case
    back = advance(definition, case, event("trip.called_off", 3), AROUND, RUNNERS)
    freed = next(e for e in back.effects if isinstance(e, CommandIssued))
    stuck = advance(definition, back.case, result(freed, "failed", 4), AROUND, RUNNERS)
    left = advance(definition, stuck.case, event("trip.left", 5), AROUND, RUNNERS)
    kinds = [type(e).__name__ for e in left.effects if isinstance(e, (TasksClosed, TaskOpened))]
    assert kinds == ["TasksClosed", "TaskOpened"]
    assert left.case.outcome == "off"


class PatientTrip(Trip):
    """A trip in a world where working hours pass, and the clock of an unanswered command fires."""

    def __init__(self) -> None:
        self.timers: list[TimerSet] = []
        super().__init__()

    def _apply(self, event: StoredEvent) -> list[CommandIssued]:
        around = replace(AROUND, deadline=lambda start, hours: start + timedelta(hours=int(hours)))
        done = advance(WITHIN, self.case, event, around, RUNNERS)
        self.case = done.case
        self.opened = [e for e in done.effects if isinstance(e, TaskOpened)]
        self.closed = [e for e in done.effects if isinstance(e, TasksClosed)]
        for effect in done.effects:
            if isinstance(effect, TimerSet):
                self.timers = [effect]
            elif isinstance(effect, TimersCleared) and "command.unanswered".startswith(effect.prefix):
                self.timers = []
        return [e for e in done.effects if isinstance(e, CommandIssued)]

    def silence(self) -> list[CommandIssued]:
        (timer,) = self.timers
        self.timers = []
        return self.apply("timer.fired", name=timer.name, fire_at=instant_text(timer.fire_at))


WITHIN = parse_definition(
    TEXT.replace(
        "{type: seat.free, target: desk, payload: {freed: 9A}}",
        "{type: seat.free, target: desk, payload: {freed: 9A}, within: 4}",
    ),
    "trip.yaml",
)


def test_what_takes_back_and_is_never_answered_goes_to_a_person_and_the_rest_goes_on() -> None:
    trip = PatientTrip()
    for command in trip.book:
        trip.answer(command, "delivered")
    assert trip.timers == []  # nothing is taken back, so no answer is missed
    (freed,) = trip.apply("trip.called_off")
    assert [(t.name, t.fire_at) for t in trip.timers] == [("command.unanswered", NOW + timedelta(hours=4))]
    assert trip.silence() == []
    assert trip.states() == ["delivered", "stuck"]
    (task,) = trip.opened
    assert task.title == "Take back by hand: seat.free of T-1"
    assert [c.type for c in trip.apply("task.completed", task=str(task.task))] == ["room.cancel"]
    assert [t.fire_at for t in trip.timers] == [NOW + timedelta(hours=24)]  # the usual wait
    assert trip.answer(freed, "delivered") == []  # too late: it was done by hand
    assert trip.states() == ["undoing", "undone"]


def test_a_late_answer_is_taken_after_a_person_was_asked() -> None:
    trip = PatientTrip()
    for command in trip.book:
        trip.answer(command, "delivered")
    (freed,) = trip.apply("trip.called_off")
    trip.silence()
    (task,) = trip.opened
    assert [c.type for c in trip.answer(freed, "delivered")] == ["room.cancel"]
    assert task.task in {closed.task for closed in trip.closed}


@pytest.mark.parametrize(("late", "then"), [("delivered", ["seat.free"]), ("failed", ["room.cancel"])])
def test_a_command_whose_own_result_never_comes_is_looked_for_by_a_person(late: str, then: list[str]) -> None:
    trip = PatientTrip()
    hotel, flight, _ = trip.book
    trip.answer(hotel, "delivered")
    assert trip.apply("trip.called_off") == []
    assert trip.timers, "the flight's own result is waited for, for a time"
    assert trip.silence() == []
    (task,) = trip.opened
    assert task.title == "Find out what became of flight of T-1, and take it back by hand: seat.free"
    assert trip.states() == ["delivered", "stuck"]
    assert [c.type for c in trip.answer(flight, late)] == then
    assert task.task in {closed.task for closed in trip.closed}
    assert trip.states()[1] == {"delivered": "undoing", "failed": "failed"}[late]


def test_an_answer_in_time_stops_the_clock_and_an_old_clock_says_nothing() -> None:
    trip = PatientTrip()
    for command in trip.book:
        trip.answer(command, "delivered")
    (freed,) = trip.apply("trip.called_off")
    (old,) = trip.timers
    (cancelled,) = trip.answer(freed, "delivered")
    assert trip.apply("timer.fired", name=old.name, fire_at=instant_text(old.fire_at)) == []
    assert trip.states() == ["undoing", "undone"]
    trip.answer(cancelled, "delivered")
    assert trip.timers == []


def test_a_wait_goes_on_where_another_result_was_waited_for_meanwhile() -> None:
    text = TEXT.replace(
        "{roll_back: all}], to: off}", "{roll_back: hotel}]}\n      trip.left: {do: [{roll_back: all}]}"
    )
    text = text.replace("  trip.called_off: {key", LEFT + "  trip.called_off: {key")
    around = replace(AROUND, deadline=lambda start, hours: start + timedelta(hours=int(hours)))
    definition = parse_definition(text, "trip.yaml")
    first = advance(definition, None, event("trip.booked", 1), around, RUNNERS)
    _, flight, _ = [e for e in first.effects if isinstance(e, CommandIssued)]
    waits = advance(definition, first.case, event("trip.called_off", 2), around, RUNNERS)  # for the hotel's result
    both = advance(definition, waits.case, event("trip.left", 3), around, RUNNERS)  # for the flight's first
    gone = advance(definition, both.case, result(flight, "failed", 4), around, RUNNERS)
    clocks = [(type(e).__name__) for e in gone.effects if isinstance(e, (TimerSet, TimersCleared))]
    assert clocks == ["TimersCleared", "TimerSet"], "the clock of the hotel's result runs again"


def test_the_clock_of_an_answer_outlives_the_stage() -> None:
    text = TEXT.replace("{roll_back: all}], to: off}", "{roll_back: flight}]}")
    text = text.replace("      command.failed:", "      trip.left: {to: off}\n      command.failed:")
    text = text.replace("  trip.called_off: {key", LEFT + "  trip.called_off: {key")
    definition = parse_definition(text, "trip.yaml")
    first = advance(definition, None, event("trip.booked", 1), AROUND, RUNNERS)
    back = advance(definition, first.case, event("trip.called_off", 2), AROUND, RUNNERS)
    left = advance(definition, back.case, event("trip.left", 3), AROUND, RUNNERS)
    clocks = [(type(e).__name__) for e in left.effects if isinstance(e, (TimerSet, TimersCleared))]
    assert clocks == ["TimersCleared", "TimerSet"]


@pytest.mark.parametrize("within", ["0", "-1", "soon", "true"])
def test_a_wait_that_is_no_number_of_hours_is_found_with_its_stage(within: str) -> None:
    text = TEXT.replace("payload: {freed: 9A}}", f"payload: {{freed: 9A}}, within: {within}}}")
    with pytest.raises(Invalid, match="'within' of what takes back 'flight'"):
        parse_definition(text, "trip.yaml")
