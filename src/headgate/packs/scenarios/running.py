"""Run the scenarios of a pack, and tell what came of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from headgate import access
from headgate.kernel.context import SYSTEM, Context
from headgate.packs.loader import Pack, install_pack, read_pack
from headgate.packs.scenarios.core.model import Mismatch, Story
from headgate.packs.scenarios.core.parse import is_story, parse_story
from headgate.packs.scenarios.patching import Changed
from headgate.packs.scenarios.stage import Outcome, play
from headgate.policy.core import parse_policy
from headgate.process import Engine
from headgate.store import Database

FOLDER = "scenarios"
# Before any scenario begins, so that the pack is in force whenever one does.
_INSTALLED = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Suite:
    """A pack with its scenarios as read. `others` are files beside them that hold no scenarios."""

    pack: Pack
    stories: tuple[Story, ...]
    changed: Changed
    others: tuple[str, ...] = ()


def read_suite(folder: Path) -> Suite:
    """Read a pack and its scenario files. Raises Invalid with file and line for the first that is wrong."""
    pack = read_pack(folder)
    stories, others, files = [], [], {}
    for path in sorted((folder / FOLDER).glob("**/*.yaml")):
        name, text = path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")
        if is_story(text, name):
            stories.append(parse_story(text, name))
        else:
            others.append(name)
            files[name] = text
    for path in sorted((folder / "policies").glob("**/*.yaml")):
        files[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8")
    texts = {parse_policy(text, name).policy: text for name, text in pack.policies}
    return Suite(pack, tuple(stories), Changed(texts, files), tuple(others))


def run_suite(
    database: Database,
    engine: Engine,
    suite: Suite,
    only: Sequence[str] = (),
    told: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Play every scenario of a pack in a tenant of its own; `told` hears of each as it ends."""
    found = []
    for story in suite.stories:
        tenant = _tenant(database, engine, suite.pack, story)
        with database.transaction(tenant) as conn:
            for outcome in play(conn, tenant, engine, suite.changed, story, only):
                found.append(outcome)
                told(outcome)
    return found


def _tenant(database: Database, engine: Engine, pack: Pack, story: Story) -> UUID:
    tenant = uuid4()
    ctx = Context(tenant, SYSTEM, _INSTALLED)
    with database.transaction(tenant) as conn:
        access.create_tenant(
            conn,
            ctx,
            slug=f"s-{tenant.hex[:30]}",
            name=story.title or story.file,
            currency=story.currency,
            timezone=story.timezone,
        )
        install_pack(conn, ctx, pack, engine.policies, engine.registry.signatures)
    return tenant


def report(outcome: Outcome) -> Iterator[str]:
    """A failed scenario, readable: where, what was expected, what came, and why it was decided so."""
    scenario = outcome.scenario
    yield f"FAILED {scenario.name} ({scenario.file}:{scenario.line})"
    for each in outcome.mismatches:
        yield from _difference(scenario.file, each)
    for subject, texts in outcome.why.items():
        yield f"  why {subject} was decided so:"
        for text in texts[:8]:
            yield f"    {text}"


def _difference(file: str, found: Mismatch) -> Iterator[str]:
    yield f"  {file}:{found.line} {found.where}"
    yield f"    expected  {found.expected}"
    yield f"    got       {found.got}"
