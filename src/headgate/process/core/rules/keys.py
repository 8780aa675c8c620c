"""Keys and subjects of events are made of the event's data."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.process.core.definition import Definition, fill, placeholders
from headgate.process.core.rules.finding import Finding


def check(definition: Definition) -> Iterator[Finding]:
    """Templates without a field, and braces that are none: every event of the type would be about the same case."""
    fix = "Put a field of the data in braces, for example order:{order}."
    for event, rule in definition.events.items():
        for name, template in (("key", rule.key), ("subject", rule.subject)):
            if not placeholders(template) or set("{}") & set(fill(template, {})):
                yield Finding(event, f"the {name} of '{event}', '{template}', names no field", fix)
