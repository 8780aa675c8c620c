"""The pure plan: one application settles everything, orphans stay, nobody out of scope gets anything."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from headgate.connectors.provisioning.core.model import (
    Change,
    Desired,
    Link,
    Person,
    Plan,
    Remote,
    RemoteGroup,
    RemoteUser,
    Rule,
    Team,
)
from headgate.connectors.provisioning.core.plan import fingerprint, plan, too_many

LETTERS = "abcdef"


def person(letter: str, name: str = "") -> Person:
    mail = f"{letter}@nordwind.example"
    return Person(f"user:{mail}", mail, name or f"{letter.upper()} Person", mail, "employee")


def account(id: str, letter: str, **attributes: str) -> RemoteUser:
    mail = f"{letter}@nordwind.example"
    found = {"userName": mail, "active": "true", "emails": mail} | {
        k.replace("_", "."): v for k, v in attributes.items()
    }
    return RemoteUser(id, {k: v for k, v in found.items() if v}, frozenset({mail}))


def ours(id: str, who: Person) -> RemoteUser:
    return RemoteUser(id, dict(who.attributes()), frozenset({who.email}))


def link(who: Person, id: str) -> Link:
    return Link("user", who.local, id)


ANA, BEN, CLEO = person("a"), person("b"), person("c")


def verbs(made: Plan) -> list[tuple[str, str]]:
    return [(step.verb, step.local or step.remote_id) for step in made.steps]


def test_somebody_new_is_created_with_everything_that_we_know() -> None:
    made = plan(Desired((ANA,)), Remote(), (), Rule())

    assert verbs(made) == [("create", ANA.local)]
    assert {c.attribute: c.after for c in made.steps[0].changes} == {
        "userName": "a@nordwind.example",
        "externalId": "user:a@nordwind.example",
        "active": "true",
        "displayName": "A Person",
        "name.formatted": "A Person",
        "name.givenName": "A",
        "name.familyName": "Person",
        "emails": "a@nordwind.example",
        "userType": "employee",
    }


def test_an_account_that_is_there_is_linked_whatever_its_capitals_and_only_what_differs_changes() -> None:
    there = replace(
        ours("7", ANA), attributes={**ANA.attributes(), "userName": "A@Nordwind.Example", "displayName": "X"}
    )

    made = plan(Desired((ANA,)), Remote((there,)), (), Rule())

    assert verbs(made) == [("link", ANA.local)]
    assert made.steps[0].remote_id == "7"
    assert made.steps[0].changes == (Change("displayName", "X", "A Person"),)
    assert made.orphans == ()


def test_matched_by_e_mail_an_account_keeps_its_own_user_name_and_its_own_external_id() -> None:
    there = RemoteUser("7", {**ANA.attributes(), "userName": "ana7", "externalId": "hr-12"}, frozenset({ANA.email}))

    made = plan(Desired((ANA,)), Remote((there,)), (), Rule(match_by="email"))

    assert verbs(made) == [("link", ANA.local)]
    assert made.steps[0].changes == ()


def test_our_own_external_id_wins_over_the_name() -> None:
    moved = RemoteUser("1", {**ANA.attributes(), "userName": "other"}, frozenset())
    named = account("2", "a")

    made = plan(Desired((ANA,)), Remote((moved, named)), (), Rule())

    assert [(step.verb, step.remote_id) for step in made.steps] == [("link", "1")]
    assert [orphan.remote_id for orphan in made.orphans] == ["2"]


def test_two_accounts_that_match_are_nobodys_and_somebody_is_told() -> None:
    made = plan(Desired((ANA,)), Remote((account("1", "a"), account("2", "a"))), (), Rule())

    assert verbs(made) == [("refuse", ANA.local)]
    assert "two accounts" in made.steps[0].reason


def test_who_left_is_deactivated_once_and_who_comes_back_is_let_in_again() -> None:
    there = ours("7", ANA)
    left = plan(Desired(), Remote((there,)), (link(ANA, "7"),), Rule())
    off = replace(there, attributes={**there.attributes, "active": "false"})

    assert verbs(left) == [("deactivate", ANA.local)]
    assert left.orphans == ()
    assert plan(Desired(), Remote((off,)), (link(ANA, "7"),), Rule()).steps == ()
    assert verbs(plan(Desired((ANA,)), Remote((off,)), (link(ANA, "7"),), Rule())) == [("reactivate", ANA.local)]


def test_who_left_is_deleted_where_the_target_says_so() -> None:
    made = plan(Desired(), Remote((ours("7", ANA),)), (link(ANA, "7"),), Rule(leavers="delete"))

    assert verbs(made) == [("delete", ANA.local)]


def test_an_account_that_was_removed_there_is_made_again_or_forgotten() -> None:
    again = plan(Desired((ANA,)), Remote(), (link(ANA, "7"),), Rule())

    assert verbs(again) == [("create", ANA.local)]
    assert "removed" in again.steps[0].reason
    assert verbs(plan(Desired(), Remote(), (link(ANA, "7"),), Rule())) == [("forget", ANA.local)]


def test_a_value_that_the_other_side_did_not_keep_is_not_written_again_but_another_one_is() -> None:
    there = replace(ours("7", ANA), attributes={k: v for k, v in ANA.attributes().items() if k != "userType"})
    known = replace(link(ANA, "7"), ignored={"userType": fingerprint("employee")})

    assert plan(Desired((ANA,)), Remote((there,)), (known,), Rule()).steps == ()
    partner = replace(ANA, kind="partner")
    assert verbs(plan(Desired((partner,)), Remote((there,)), (known,), Rule())) == [("change", ANA.local)]


def test_an_orphan_is_shown_and_touched_only_where_a_person_chose_it() -> None:
    remote = Remote((account("1", "x"), account("2", "y")))

    assert plan(Desired(), remote, (), Rule()).steps == ()
    assert [o.remote_id for o in plan(Desired(), remote, (), Rule()).orphans] == ["1", "2"]
    chosen = plan(Desired(), remote, (), Rule(chosen=frozenset({"2"})))
    assert verbs(chosen) == [("deactivate", "2")]
    assert chosen.leaving == ()


def test_an_account_that_is_somebodys_by_now_cannot_be_chosen_as_an_orphan() -> None:
    made = plan(Desired((ANA,)), Remote((ours("1", ANA),)), (link(ANA, "1"),), Rule(chosen=frozenset({"1"})))

    assert made.steps == ()


def test_where_not_everything_was_read_nobody_is_called_an_orphan() -> None:
    made = plan(Desired(), Remote((account("1", "x"),), complete=False), (), Rule())

    assert made.orphans == ()


def test_groups_get_our_people_and_keep_the_others() -> None:
    teams = (Team("finance", "Finance", frozenset({ANA.local, BEN.local})),)
    remote = Remote((ours("1", ANA), ours("3", CLEO)), (RemoteGroup("g", "finance", frozenset({"3", "foreign"})),))
    links = (link(ANA, "1"), link(CLEO, "3"))

    made = plan(Desired((ANA, BEN, CLEO), teams), remote, links, Rule())

    step = made.steps[-1]
    assert (step.verb, step.resource, step.remote_id) == ("link", "group", "g")
    assert step.joins == (ANA.local, BEN.local)
    assert step.leaves == (CLEO.local,)
    assert step.changes == (Change("displayName", "finance", "Finance"),)


def test_a_group_that_is_not_kept_in_step_any_more_loses_ours_and_stays() -> None:
    remote = Remote((ours("1", ANA),), (RemoteGroup("g", "Finance", frozenset({"1", "foreign"})),))
    links = (link(ANA, "1"), Link("group", "finance", "g"))

    made = plan(Desired((ANA,)), remote, links, Rule())

    assert [(s.verb, s.resource, s.leaves) for s in made.steps] == [("forget", "group", (ANA.local,))]


def test_a_system_without_groups_gets_none() -> None:
    made = plan(Desired((), (Team("finance", "Finance", frozenset()),)), Remote(groups=None), (), Rule())

    assert made.steps == ()


def test_one_may_always_leave_and_many_only_with_a_persons_word() -> None:
    people = [person(letter) for letter in LETTERS]
    links = tuple(link(each, each.local) for each in people)
    remote = Remote(tuple(ours(each.local, each) for each in people))

    def leaving(count: int) -> Plan:
        return plan(Desired(tuple(people[count:])), remote, links, Rule())

    assert too_many(leaving(1), 10, 20) == 0
    assert too_many(leaving(2), 10, 20) == 2
    assert too_many(leaving(2), 10, 50) == 0
    assert too_many(leaving(3), 2, 100) == 3
    assert too_many(leaving(3), 1, 100, frozenset(each.local for each in people[:2])) == 0


# --- any state at all ---

letters = st.sets(st.sampled_from(LETTERS))
names = st.sampled_from(["A B", "Same", "C D E"])


flags = st.booleans()


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Desired, Remote, tuple[Link, ...], Rule]:
    people = tuple(person(letter, draw(names)) for letter in sorted(draw(letters)))
    roles = draw(st.lists(st.sampled_from(["finance", "sales"]), unique=True))
    members = [frozenset(p.local for p in people if draw(flags)) for _ in roles]
    teams = tuple(Team(role, role.capitalize(), who) for role, who in zip(roles, members, strict=True))
    users, links = [], []
    for number, letter in enumerate(draw(st.lists(st.sampled_from(LETTERS), max_size=8))):
        active, known = draw(st.sampled_from(["true", "false", ""])), draw(flags)
        shown = (
            {"externalId": f"user:{letter}@nordwind.example"}
            if known
            else {"externalId": draw(st.sampled_from(["", "x"]))}
        )
        users.append(account(f"u{number}", letter, active=active, displayName=draw(names), **shown))
    free = [user.id for user in users] + ["removed"]
    for letter in sorted(draw(letters)):
        if draw(flags) and free:
            id = free.pop(draw(st.integers(0, len(free) - 1)))
            links.append(Link("user", f"user:{letter}@nordwind.example", id))
    groups = [
        RemoteGroup(f"g{n}", name, frozenset(draw(st.sets(st.sampled_from([*(u.id for u in users), "foreign"])))))
        for n, name in enumerate(draw(st.lists(st.sampled_from(["Finance", "SALES", "Other"]), unique=True)))
    ]
    for role in ("finance", "sales"):
        if draw(flags) and groups:
            id = draw(st.sampled_from([g.id for g in groups] + ["removed"]))
            if id not in {each.remote_id for each in links if each.resource == "group"}:
                links.append(Link("group", role, id))
    rule = Rule(draw(st.sampled_from(["user_name", "email"])), draw(st.sampled_from(["deactivate", "delete"])))
    return Desired(people, teams), Remote(tuple(users), tuple(groups)), tuple(links), rule


def applied(made: Plan, remote: Remote, links: tuple[Link, ...]) -> tuple[Remote, tuple[Link, ...]]:
    """The other side after a plan, as a system that does as it is told."""
    users = {user.id: user for user in remote.users}
    groups = {group.id: group for group in remote.groups or ()}
    held = {(each.resource, each.local): each for each in links}
    for number, step in enumerate(made.steps):
        key = (step.resource, step.local)
        if step.verb == "refuse":
            continue
        id = step.remote_id or f"new{number}"
        if step.verb == "delete":
            users.pop(id)
            groups = {g.id: replace(g, members=g.members - {id}) for g in groups.values()}
        elif step.resource == "user" and step.verb != "forget":
            old = users.get(id, RemoteUser(id))
            attributes = {**old.attributes, **{c.attribute: c.after for c in step.changes}}
            mails = old.emails | {c.after for c in step.changes if c.attribute == "emails"}
            users[id] = RemoteUser(id, attributes, frozenset(mails))
        elif step.resource == "group":
            old_group = groups.get(id, RemoteGroup(id, step.name))
            ids = {local: each.remote_id for (kind, local), each in held.items() if kind == "user"}
            inside = (old_group.members | {ids[j] for j in step.joins}) - {ids[j] for j in step.leaves}
            if id in groups or step.verb == "create":
                groups[id] = RemoteGroup(id, step.changes[0].after if step.changes else old_group.name, inside)
        if step.verb in ("delete", "forget"):
            held.pop(key)
        elif step.local:
            held[key] = Link(step.resource, step.local, id)
    return Remote(tuple(users.values()), tuple(groups.values())), tuple(held.values())


@given(worlds())
def test_once_a_plan_is_carried_out_there_is_nothing_left_but_what_nobody_can_do(
    world: tuple[Desired, Remote, tuple[Link, ...], Rule],
) -> None:
    desired, remote, links, rule = world
    made = plan(desired, remote, links, rule)

    after, held = applied(made, remote, links)
    again = plan(desired, after, held, rule)

    assert {step.verb for step in again.steps} <= {"refuse"}
    refused = {step.local for step in made.steps if step.verb == "refuse"}
    assert {step.local for step in again.steps} <= refused


@given(worlds())
def test_what_is_nobodys_stays_as_it_is_and_whoever_is_out_of_scope_gets_nothing(
    world: tuple[Desired, Remote, tuple[Link, ...], Rule],
) -> None:
    desired, remote, links, rule = world
    made = plan(desired, remote, links, rule)

    after, _ = applied(made, remote, links)

    kept = {user.id: user for user in after.users}
    before = {user.id: user for user in remote.users}
    assert all(kept[orphan.remote_id] == before[orphan.remote_id] for orphan in made.orphans)
    wanted = {each.local for each in desired.people} | {team.local for team in desired.teams}
    giving = ("create", "link", "change", "reactivate")
    assert all(step.local in wanted for step in made.steps if step.verb in giving)
    assert all(step.verb in ("deactivate", "delete", "forget") for step in made.steps if step.local not in wanted)
    foreign = {g.id for g in remote.groups or () if "foreign" in g.members}
    assert all("foreign" in g.members for g in after.groups or () if g.id in foreign)
