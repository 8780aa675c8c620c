"""A table may read another table's output: in order, without host code, each link kept; rings are refused."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from headgate.kernel.errors import Invalid, NotFound
from headgate.policy import BadChain, PolicySet, chain_issues, draft_decision, parse_policy
from headgate.policy.core.chain import MAX_CHAIN
from tests.unit.policy.samples import compiled, row, table

TEXT = "{name: out, type: string}"
RANK = "{name: out, type: enum, values: [low, high]}"


def policy(name: str, inputs: str, rows: str, outputs: str = RANK, hit: str = "first", more: str = "") -> str:
    return table(hit, inputs, rows, more, outputs).replace("policy: sample", f"policy: {name}")


def in_force(*texts: str) -> PolicySet:
    made = [compiled(text) for text in texts]
    return PolicySet({each.policy: each for each in made})


RISK = policy("risk", "{name: debt, type: number}", row("over", 'debt: "> 100"', "high") + row("else", "", "low"))
TERMS = policy(
    "terms",
    "{name: level, type: enum, values: [low, high], from: risk.out}, {name: new, type: bool}",
    row("bad", "level: \"'high'\"", "high") + row("new", 'new: "true"', "high") + row("good", "", "low"),
)
FINAL = policy(
    "final",
    "{name: terms, type: enum, values: [low, high], from: terms.out}, "
    "{name: risk, type: enum, values: [low, high], from: risk.out}",
    row("both", "terms: \"'high'\", risk: \"'low'\"", "high") + row("rest", "", "low"),
)


def test_a_chained_input_is_decided_first_on_the_same_facts() -> None:
    found = in_force(TERMS, RISK).evaluate("terms", {"debt": 500, "new": False})
    assert (found.rows, found.inputs) == (("bad",), {"level": "high", "new": False})
    (link,) = found.links
    assert (link.policy, link.rows, link.outputs) == ("risk", ("over",), {"out": "high"})


def test_every_link_is_kept_once_in_order_and_goes_into_the_record() -> None:
    found = in_force(FINAL, TERMS, RISK).evaluate("final", {"debt": 1, "new": True})
    assert [link.policy for link in found.links] == ["risk", "terms"]
    told = found.as_json()
    assert told["from"] == {"terms": "terms.out", "risk": "risk.out"}
    assert [(link["policy"], link["version"], link["rows"]) for link in told["links"]] == [
        ("risk", 1, ["else"]),
        ("terms", 1, ["new"]),
    ]
    assert told["links"][1]["from"] == {"level": "risk.out"}
    assert "links" not in told["links"][1]


def test_a_decision_keeps_the_chain() -> None:
    found = in_force(TERMS, RISK).evaluate("terms", {"debt": 500, "new": False})
    draft = draft_decision(UUID(int=1), datetime(2026, 1, 1, tzinfo=UTC), [found], subject_type="deal", subject="1")
    assert '"links":[{"clauses":[],"digest"' in draft.evaluations


def test_a_policy_that_is_not_chained_says_nothing_of_links() -> None:
    assert not {"links", "from"} & set(in_force(RISK).evaluate("risk", {"debt": 1}).as_json())


def test_a_fact_of_the_name_of_a_chained_input_is_not_listened_to() -> None:
    found = in_force(TERMS, RISK).evaluate("terms", {"debt": 500, "new": False, "level": "low"})
    assert found.inputs["level"] == "high"


def test_the_facts_to_give_are_those_of_the_whole_chain() -> None:
    assert [c.name for c in in_force(FINAL, TERMS, RISK).needs("final")] == ["new", "debt"]
    with pytest.raises(Invalid, match="policy risk version 1 needs debt"):
        in_force(TERMS, RISK).evaluate("terms", {"new": True})


def test_a_list_and_an_aggregate_are_handed_on() -> None:
    flags = policy(
        "flags",
        "{name: x, type: number}",
        row("a", 'x: "> 1"') + row("b", 'x: "> 2"', "y"),
        "{name: out, type: string}",
        "collect",
    )
    count = flags.replace("policy: flags", "policy: many").replace("hit: collect", "hit: collect\naggregate: count")
    reader = policy(
        "reader",
        "{name: flags, type: list, from: flags.out}, {name: n, type: integer, from: many.count}",
        row("a", 'flags: "contains($, \'y\')", n: "2"', "high") + row("b", "", "low"),
    )
    policies = in_force(flags, count, reader)
    assert policies.evaluate("reader", {"x": 3}).inputs == {"flags": ("x", "y"), "n": 2}
    assert policies.evaluate("reader", {"x": 3}).rows == ("a",)
    assert policies.evaluate("reader", {"x": 0}).inputs == {"flags": (), "n": 0}
    assert not list(chain_issues({n: p.table for n, p in policies.items()}, policies["reader"].table))


def loop(name: str, source: str) -> str:
    return policy(name, f"{{name: x, type: enum, values: [low, high], from: {source}.out}}", row("a", "", "low"))


def test_a_ring_is_refused_and_named() -> None:
    policies = in_force(loop("a", "b"), loop("b", "c"), loop("c", "a"), RISK)
    with pytest.raises(BadChain, match="in a ring: a → b → c → a; take one of these inputs out"):
        policies.evaluate("a", {})
    assert policies.evaluate("risk", {"debt": 1}).rows == ("else",)
    with pytest.raises(BadChain, match="in a ring: a → a"):
        in_force(loop("a", "a")).evaluate("a", {})


def test_a_ring_behind_a_policy_is_found_too() -> None:
    with pytest.raises(BadChain, match="in a ring: b → c → b"):
        in_force(loop("a", "b"), loop("b", "c"), loop("c", "b")).needs("a")


def test_a_missing_link_is_named_with_who_reads_it() -> None:
    with pytest.raises(BadChain, match=r"policy terms reads risk\.out, and no version of policy risk is in force"):
        in_force(TERMS).evaluate("terms", {"new": True})
    with pytest.raises(NotFound, match="no version of policy other is in force"):
        in_force(TERMS).evaluate("other", {})


def test_a_chain_has_an_end() -> None:
    texts = [loop(f"p{n}", f"p{n + 1}") for n in range(MAX_CHAIN + 2)]
    with pytest.raises(BadChain, match=f"more than {MAX_CHAIN} other policies"):
        in_force(*texts).evaluate("p0", {})


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("type: enum, values: [low, high], from: risky.out", "there is no policy risky"),
        ("type: enum, values: [low, high], from: risk.level", "risk has no output level"),
        ("type: number, from: risk.out", "which is enum, as number"),
        ("type: enum, values: [low], from: risk.out", "risk.out can be high, which level does not allow"),
        ("type: enum, values: [low, high], from: terms.out", "in a ring: terms → terms"),
    ],
)
def test_what_keeps_a_table_from_its_chain_is_an_issue_with_its_line(column: str, told: str) -> None:
    reader = policy("terms", f"{{name: level, {column}}}", row("a", "", "low"))
    (issue,) = chain_issues({"risk": compiled(RISK).table}, parse_policy(reader, "terms.yaml"))
    assert told in str(issue)
    assert issue.file == "terms.yaml"


@pytest.mark.parametrize(
    ("given", "read", "told"),
    [
        ("type: money", "type: percent", "which is money, as percent"),
        ("type: money, currency: USD", "type: money, currency: EUR", "in USD as EUR"),
        ("type: number", "type: integer, values: [1, 2]", "can be anything, x only its values"),
        ("type: number, nullable: true", "type: number", "can be null, x cannot"),
    ],
)
def test_units_of_a_chain_must_fit(given: str, read: str, told: str) -> None:
    first = policy("first", "{name: y, type: bool}", row("a", "", "1"), f"{{name: out, {given}}}")
    second = policy("second", f"{{name: x, {read}, from: first.out}}", row("a", "", "low"))
    (issue,) = chain_issues({"first": compiled(first).table}, parse_policy(second))
    assert told in issue.message
