"""The JSON Schema (2020-12) of a process file: what the parser refuses by shape, this refuses too, in an editor."""

from __future__ import annotations

from typing import Any, Final

from headgate.process.core.definition import BUILT_IN_EVENTS, JOINS, SETTABLE, STEP_KINDS

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_LATER: Final = ("wait", "subcase", "parallel")
_TEXT: Final = {"type": "string", "pattern": r"\S"}
_PLAIN: Final = {"type": ["string", "number", "boolean", "null"]}
_KINDS: Final[dict[str, str]] = {
    "run": "Run a registered action; other keys are arguments, $a.b reads the case's data. 'compensate' takes it back.",
    "decide": "Evaluate a policy over the inputs under 'with'.",
    "approve": "Ask the policy that is the approval matrix who must agree; 'each', 'binds', 'stake', 'requested_by'.",
    "task": "Open work for a 'role'; {subject} is filled in. It is 'due' at an instant or after working 'hours'.",
    "timer": "Let timer.NAME come 'at' an instant or after working 'hours'.",
    "command": "Send a command to a target, with 'type' and 'payload'; 'compensate' says how to take it back, in it "
    "'within' how many working hours a result is waited for.",
    "roll_back": "Take back what a step did, or all of them, the last one first, one after the other.",
    "emit": "Put a new event into the log, with 'data'.",
    "set": "Copy values to the fields that lists show.",
    "wait": "Wait for an event, as a branch does.",
    "subcase": "Start a case of another process and wait for how it ends.",
    "parallel": "Do several lists of steps side by side; 'join' says how many must be done.",
}


def process_schema() -> dict[str, Any]:
    """The schema as a JSON value; the same every time."""
    return {
        "$schema": DIALECT,
        "title": "Headgate process",
        "description": "A versioned case type: stages, steps, transitions, service levels.",
        **_object(
            {
                "process": _said("Its name: lower-case, never changed.", _TEXT),
                "version": _said(
                    "Raised with every change; a version is never edited.", {"type": "integer"}, minimum=1
                ),
                "title": _said("What people call it.", _TEXT),
                "description": _said("What it is for; not read by the engine.", {}),
                "subject": _said("The kind of thing a case is about, for example order.", _TEXT),
                "owner": _said("The role that owns a case where a stage says nothing.", _TEXT),
                "events": _said("The event types it takes, and how each finds its case.", _events()),
                "anywhere": _said(
                    "What holds in every stage, after the stage's own 'on'.", {"$ref": "#/$defs/handlers"}
                ),
                "stages": _said("The first one is where new cases begin.", {"$ref": "#/$defs/stages"}),
            },
            ("process", "version", "title", "subject", "events", "stages"),
        ),
        "$defs": {
            "stages": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/stage"}},
            "stage": _stage(),
            "sla": _sla(),
            "transition": _transition(),
            "handlers": _handlers(),
            "conditions": _conditions(),
            "steps": {"type": ["array", "null"], "items": {"$ref": "#/$defs/step"}},
            "step": _step(),
        },
    }


def _said(description: str, shape: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"description": description, **shape, **more}


def _object(properties: dict[str, Any], required: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def _events() -> dict[str, Any]:
    rule = _object(
        {
            "key": _said("Which case: a template over the event's data, for example order:{order}.", _TEXT),
            "subject": _said("What the case is about, for example {order}.", _TEXT),
            "starts": _said("Whether it may start a case.", {"type": "boolean"}),
        },
        ("key", "subject"),
    )
    return {"type": "object", "minProperties": 1, "additionalProperties": rule}


def _stage() -> dict[str, Any]:
    return _object(
        {
            "id": _said("Its name; transitions lead to it.", _TEXT),
            "title": _said("What people call it.", _TEXT),
            "enter": _said("Steps done when a case gets here.", {"$ref": "#/$defs/steps"}),
            "go": _said(
                "Where to go at once: the first transition whose conditions hold; without one, the case waits.",
                {"type": ["array", "null"], "items": {"$ref": "#/$defs/transition"}},
            ),
            "on": _said(
                f"What follows an event, a timer (timer.NAME) or one of {', '.join(BUILT_IN_EVENTS)}.",
                {"$ref": "#/$defs/handlers"},
            ),
            "sla": _said("The clock of the stage, in working hours.", {"$ref": "#/$defs/sla"}),
            "owner": _said("The role that owns a case here.", _TEXT),
            "exception": _said("Whether this is off the straight path.", {"type": "boolean"}),
            "final": _said("The outcome with which a case ends here.", _TEXT),
        },
        ("id", "title"),
    )


def _sla() -> dict[str, Any]:
    hours = {"type": "number", "exclusiveMinimum": 0}
    pause = _object(
        {
            "because": _said("The reason, as people read it.", _TEXT),
            "on": _said("The event that stops the clock.", _TEXT),
            "until": _said(
                "The event, or events, that let it run on.",
                {"anyOf": [_TEXT | {"minLength": 1}, {"type": "array", "minItems": 1, "items": _TEXT}]},
            ),
        },
        ("because", "on", "until"),
    )
    link = _object(
        {
            "after": _said("Working hours after the breach; 0 is at once.", {"type": "number", "minimum": 0}),
            "notify": _said("The role that is told by a task.", _TEXT),
            "reassign": _said("The role that gets the open work and the case.", _TEXT),
        },
        ("after",),
        oneOf=[{"required": ["notify"]}, {"required": ["reassign"]}],
    )
    return _object(
        {
            "hours": _said("Working hours until it is over its time.", hours),
            "warn": _said("The share of them after which a warning comes; 0.75 unless given.", hours, maximum=1),
            "target": _said("Working hours that are aimed for; not more than 'hours'.", hours),
            "announce": _said("Put what happens to the clock into the log.", {"type": "boolean"}),
            "pause": _said("While whom it stands still.", {"type": ["array", "null"], "items": pause}),
            "escalate": _said("Who steps in after a breach.", {"type": ["array", "null"], "items": link}),
        },
        ("hours",),
    )


def _transition() -> dict[str, Any]:
    whole = _object(
        {
            "when": _said("Conditions that must all hold.", {"$ref": "#/$defs/conditions"}),
            "to": _said("The stage it leads to; without it the case stays.", _TEXT),
            "do": _said("Steps on the way.", {"$ref": "#/$defs/steps"}),
            "refuse": _said("Turn the event away with this message.", _TEXT),
        },
        anyOf=[{"required": [key]} for key in ("to", "do", "refuse")],
    )
    return {"anyOf": [{"type": "string"}, whole]}


def _handlers() -> dict[str, Any]:
    one = {"$ref": "#/$defs/transition"}
    return {
        "type": "object",
        "additionalProperties": {"anyOf": [one, {"type": "array", "items": one}]},
    }


def _conditions() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Dotted paths into the case's data, each with the value or values it must have.",
        "additionalProperties": {"anyOf": [_PLAIN, {"type": "array", "items": _PLAIN}]},
    }


def _step() -> dict[str, Any]:
    older = [kind for kind in STEP_KINDS if kind not in _LATER]
    properties: dict[str, Any] = {kind: _said(_KINDS[kind], {}) for kind in STEP_KINDS}
    properties["id"] = _said("Its outputs are kept in the case's data under this name.", _TEXT)
    properties["set"] = _said(_KINDS["set"], {"type": "object"}) | {
        "properties": {name: _said("A field of the case.", {}) for name in SETTABLE}
    }
    branch = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}}
    parallel = _object(
        {
            "parallel": _said(_KINDS["parallel"], _TEXT),
            "id": _TEXT,
            "join": {"anyOf": [{"enum": list(JOINS)}, {"type": "integer", "minimum": 1}]},
            "branches": {"type": "object", "minProperties": 2, "additionalProperties": branch},
        },
        ("parallel", "branches"),
    )
    has_older = {"anyOf": [{"required": [kind]} for kind in older]}
    named = [{"required": [kind], "properties": {kind: _TEXT}} for kind in older if kind != "set"] + [
        {"required": ["set"]}
    ]
    later: list[dict[str, Any]] = [
        {"required": [kind], "properties": {kind: _TEXT}} for kind in _LATER if kind != "parallel"
    ]
    return {
        "type": "object",
        "properties": properties,
        "if": has_older,
        "then": {"oneOf": named},
        "else": {"oneOf": [*later, parallel]},
    }
