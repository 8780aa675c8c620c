"""Two tenants behind one application, each with two partners, and everybody's way of asking."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote

import psycopg
from starlette.testclient import TestClient

from headgate import access
from headgate.console.auth import COOKIES as CONSOLE_COOKIES
from headgate.entry.web import create_web
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM
from headgate.packs import find_pack, install_pack, read_pack
from headgate.portal.guard import COOKIES as PORTAL_COOKIES
from headgate.process import case_of_subject
from headgate.process.messages import About, send_message
from headgate.store import Database, metadata
from tests.scenarios.api.world import PEOPLE, STRUCTURED, World, bearer, event, new_tenant, open_world, order
from tests.scenarios.channel import account, partner, person, product, stock
from tests.scenarios.isolation.doors import Door, Form, Pool, Whim, all_doors
from tests.scenarios.isolation.marks import ID, OWNERS, Owner, foreign_marks, ids_of, partner_tables, tokens, words_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COOKIES = {"console": CONSOLE_COOKIES, "portal": PORTAL_COOKIES}


class Leak(AssertionError):
    """Somebody was shown what is another's."""


class Undone(LookupError):
    """A statement was tried; nothing of it shall stay."""


@dataclass(slots=True)
class Resident:
    """An owner's people: API keys and sessions by name, and what they have seen."""

    owner: Owner
    keys: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    pool: Pool = field(default_factory=Pool)
    able: dict[str, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)  # ids, and by which request each was told first
    well: int = 0  # answers with something in them

    @property
    def edge(self) -> str:
        """Which pages are theirs."""
        return "portal" if self.owner.partner else "console"


@dataclass(slots=True, repr=False)
class Village:
    """Everything, and what each house has said so far. `conn` sees every row."""

    worlds: dict[str, World]
    client: TestClient
    conn: psycopg.Connection
    document: Mapping[str, Any]
    doors: list[Door]
    residents: list[Resident]
    said: dict[str, set[str]] = field(default_factory=lambda: {"a": set(), "b": set()})
    borrowed: set[str] = field(default_factory=set)  # ids that somebody used who had them from another's pages
    tried: set[str] = field(default_factory=set)
    sent: int = 0

    def __repr__(self) -> str:
        return "the village"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """For hypothesis, which prints all fields of a dataclass otherwise."""
        printer.text("the village")

    # what a failure prints; all of it would be megabytes

    def whim(self, who: Resident, random: Random) -> Whim:
        """Somebody's next idea; now and then it is about what another owner has."""
        other = random.choice([each for each in self.residents if not who.owner.may_read(each.owner.mark)])
        return Whim(random, who.owner.mark, who.pool, other.pool, shy=who.owner.partner == 0)

    def ask(self, who: Resident, door: Door, random: Random) -> Any:
        """Go through a door with whatever comes to mind."""
        whim, part = self.whim(who, random), door.path.split("/")[2] if door.edge != "console" else ""
        self.tried.add(str(door))
        path = whim.address(door.path) if "{" in door.path else door.path
        if door.edge != "api":
            return self.page(who, random, door.edge, door.method, path, whim.filled(Form(path)))
        query = whim.query(door.about, self.document, part)
        path, body = f"{path}?{query}" if query else path, whim.body(door.about, self.document, part)
        if path.startswith("/v1/events") and door.method == "POST":
            body = self.some_order(who, random)
        answer = None
        names = sorted(who.keys, key=lambda name: (name != who.able.get(str(door)), random.random()))
        for name in names:
            headers = bearer(who.keys[name])
            if body is not None and path.startswith("/v1/events"):
                headers["content-type"] = STRUCTURED
            answer = self.told(who, door.method, path, body, headers=headers)
            if answer.status_code != 403:
                who.able[str(door)] = name
                break
        return answer

    def page(self, who: Resident, random: Random, edge: str, method: str, path: str, form: Mapping[str, str]) -> Any:
        """Ask for a page, or send a form with the form token of one's own session."""
        if not who.sessions or path.partition("?")[0].endswith("sign-out"):
            return None
        session = who.sessions[random.choice(sorted(who.sessions))]
        cookies = COOKIES[edge]
        headers = {"cookie": f"{cookies.prefix}_session={session}"}
        fields = {**form, "csrf": cookies.csrf_of(session)} if method == "POST" else None
        return self.told(who, method, path, fields, headers=headers, form=True)

    def follow(self, who: Resident, random: Random) -> Any:
        """Open a link of a page one has seen, or that another has seen."""
        whim = self.whim(who, random)
        links = (whim.others if random.random() < 0.4 else whim.own).links
        return self.page(who, random, who.edge, "GET", random.choice(links), {}) if links else None

    def press(self, who: Resident, random: Random) -> Any:
        """Fill in and send a form one has seen, or that another has seen."""
        whim = self.whim(who, random)
        forms = (whim.others if random.random() < 0.3 else whim.own).forms
        if not forms:
            return None
        form = random.choice(forms)
        return self.page(who, random, who.edge, "POST", form.action, whim.filled(form))

    def told(self, who: Resident, method: str, path: str, body: Any, *, headers: Any, form: bool = False) -> Any:
        """Send a request and look at the answer."""
        said = self.said[who.owner.house]
        # What somebody else said is repeated by the answer, and by later ones where it was written down.
        sent_words = tokens(f"{unquote(path)} {body}")
        said |= {t for t in sent_words if self._foreign(t, who)}
        self.borrowed |= {t for t in sent_words - who.seen.keys() if any(t in each.seen for each in self.residents)}
        sent = {"data": body} if form else {"json": body}
        answer = self.client.request(method, path, headers=headers, follow_redirects=False, **sent)
        text = words_of(answer.content) + unquote(str(answer.headers.get("location", "")))
        what = f"{who.owner} asked {method} {path} with {body}"
        if answer.status_code >= 500:
            raise AssertionError(f"{what}: {answer.status_code} {text[:2000]}")
        if found := foreign_marks(text, who.owner, said):
            raise Leak(f"{what} and was told what is {found}'s: {_around(text, found)}")
        if any(str(w.channel.tenant) in text or w.slug in text for h, w in self.worlds.items() if h != who.owner.house):
            raise Leak(f"{what} and was told another tenant's id: {text[:2000]}")
        for told in set(ID.findall(text)) - set(ID.findall(f"{path} {body}")):
            who.seen.setdefault(told, f"{method} {path}")
        if answer.status_code < 300:
            who.well += 1
            if answer.headers.get("content-type", "") == "application/json":
                who.pool.learn(answer.json(), path.split("/")[2].partition("?")[0] if path.count("/") > 1 else "")
            elif answer.headers.get("content-type", "").startswith("text/html"):
                who.pool.read(text)
        return answer

    def _foreign(self, token: str, who: Resident) -> bool:
        return not (ID.fullmatch(token) is None and all(who.owner.may_read(m) for m in _marks(token)))

    def some_order(self, who: Resident, random: Random) -> dict[str, Any]:
        """The event of an order of one of the house's partners (a partner's own, of a partner)."""
        self.sent += 1
        house = who.owner.house
        of = who.owner.partner or random.choice((1, 2))
        mark = f"zq{house}{of}"
        number = f"O-{mark}-{random.randrange(8)}"
        lines = [(f"S-zq{house}0", str(random.randint(1, 30)), random.choice(("10.00", "8.00", "5.00")))]
        told = {"partner": f"P-{mark}", "customer_reference": f"{mark}-{self.sent}"}
        kind = random.choice(("order.submitted", "order.submitted", "order.amended"))
        return event(f"e-{mark}-{self.sent}", order(number, *lines, **told), type=kind)

    def send_order(self, who: Resident, random: Random) -> Any:
        """A storefront sends an order; now and then one that cannot be read."""
        body = self.some_order(who, random)
        world = self.worlds[who.owner.house]
        if random.random() < 0.2:
            body["data"]["lines"] = []
        answer = world.send(body)
        assert answer.status_code < 500, answer.text
        return answer

    def work(self, who: Resident, _: Random) -> None:
        """A worker applies what waits in a house."""
        world = self.worlds[who.owner.house]
        world.channel.runner.drain(world.channel.tenant)

    def query(self, who: Resident, random: Random) -> None:
        """One statement in a transaction of the resident's; it is rolled back."""
        table = random.choice(sorted(metadata.tables))
        world, of = self.worlds[who.owner.house], who.owner.partner
        other = next(w for w in self.worlds.values() if w is not world)
        statement = random.choice((
            f"select t::text from {table} t limit 500",
            f"select count(*)::text from {table} where tenant_id = '{other.channel.tenant}' having count(*) > 0",
            f"delete from {table} where tenant_id = '{other.channel.tenant}' returning {table}::text",
            f"with x as (delete from {table} returning *) select x::text from x",
            f"select t::text from {table} t order by random() limit 50",
        ))  # fmt: skip
        rows: list[str] = []
        partner_code = f"P-{who.owner.mark}" if of else None
        database = world.channel.app.database
        with (
            contextlib.suppress(psycopg.Error, Undone),
            database.transaction(world.channel.tenant, partner=partner_code) as conn,
        ):
            rows = [str(text) for (text,) in conn.execute(statement.encode())]
            raise Undone
        told = "\n".join(rows)
        strict = not of or metadata.tables[table].info["portal"] not in ("read", "open")
        found = foreign_marks(told, who.owner, self.said[who.owner.house]) if strict else set()
        if found or str(other.channel.tenant) in told:
            raise Leak(f"{who.owner} ran {statement} and got what is another's: {told[:2000]}")

    def compare_ids(self) -> None:
        """No answer has named an id that only another owner's rows hold."""
        every = {h: ids_of(self.conn, w.channel.tenant, sorted(metadata.tables)) for h, w in self.worlds.items()}
        for who in self.residents:
            house = who.owner.house
            other = next(h for h in self.worlds if h != house)
            foreign = (every[other] - every[house] - self.said[house]) & who.seen.keys()
            if who.owner.partner:
                rival = f"P-zq{house}{3 - who.owner.partner}"
                mine = f"P-{who.owner.mark}"
                tenant = self.worlds[house].channel.tenant
                tables = list(partner_tables())
                theirs = {i for t, c in tables for i in ids_of(self.conn, tenant, [t], f"{c} = '{rival}'")}
                for t, c in tables:
                    theirs -= ids_of(self.conn, tenant, [t], f"{c} = '{mine}'")
                shared = [n for n, t in metadata.tables.items() if t.info["portal"] in ("read", "open")]
                foreign |= (theirs - ids_of(self.conn, tenant, shared) - self.said[house]) & who.seen.keys()
            foreign -= self.borrowed
            if foreign:
                told = {each: who.seen[each] for each in sorted(foreign)[:10]}
                raise Leak(f"{who.owner} was told ids of another: {told}")


def _marks(text: str) -> list[str]:
    return [text[i : i + 4].lower() for i in range(len(text) - 3) if text[i : i + 2].lower() == "zq"]


def _around(text: str, marks: set[str]) -> str:
    at = min(text.lower().find(mark) for mark in marks)
    return text[max(0, at - 200) : at + 200]


def open_village(database: Database, conn: psycopg.Connection, home: Path) -> Village:
    """Two tenants with the same kinds of things, each marked, behind one application."""
    clock = FixedClock(NOW)
    worlds = {house: open_world(database, new_tenant(database, NOW), clock, home) for house in "ab"}
    app = worlds["a"].channel.app
    client = TestClient(create_web(app), base_url="http://localhost", raise_server_exceptions=False)
    residents = []
    for house, world in worlds.items():
        # One process serves all tenants, so whatever it keeps in memory is tried as well.
        world.channel.app, world.channel.runner, world.client = app, app.runner(), client
        furnish(world, house)
        staff = Resident(Owner(house), {n: world.keys[n] for n in (*PEOPLE, "erp")})
        staff.sessions = {name: session(world, person(name)) for name in ("carl", "fiona", "adam", "audrey")}
        residents.append(staff)
        residents += [settle(world, owner) for owner in OWNERS if owner.house == house and owner.partner]
    document = client.get("/v1/openapi.json").json()
    return Village(worlds, client, conn, document, all_doors(document), residents)


def furnish(world: World, house: str) -> None:
    """Masters of the house's own, and its two partners."""
    channel, mark = world.channel, f"zq{house}0"
    ctx = channel.context(SYSTEM)
    with channel.app.database.transaction(channel.tenant) as conn:
        install_pack(conn, ctx, read_pack(find_pack("channel_revenue")), channel.app.policies, channel.app.actions)
    codes = [f"zq{house}{n}" for n in (1, 2)]
    channel.send("credit_account.recorded", items=[account(f"A-{code}", "100000") for code in codes])
    channel.send("partner.recorded", items=[
        partner(f"P-{code}", f"A-{code}", name=f"Name-{code}", legal_name=f"Legal-{code}") for code in codes
    ])  # fmt: skip
    channel.send("product.recorded", items=[product(f"S-{mark}", "6.00", name=f"Product-{mark}")])
    channel.send("stock.recorded", items=[stock(f"S-{mark}", "100000")])
    channel.price(f"L-{mark}", [{"method": "list", "product": f"S-{mark}", "value": "10.00"}], title=f"Title-{mark}")
    channel.govern()
    for code in codes:
        told = {"partner": f"P-{code}", "customer_reference": f"reference-{code}"}
        for number, price in enumerate(("10.00", "8.00", "5.00")):
            line = (f"S-{mark}", "20", price)
            world.send(event(f"first-{code}-{number}", order(f"O-{code}-{number}", line, **told)))
    bad = order(f"Q-{mark}", partner=f"unknown-{mark}")
    world.send(event(f"first-{mark}", bad))
    channel.govern()


def settle(world: World, owner: Owner) -> Resident:
    """A partner's people with a key and a session each."""
    channel = world.channel
    who = Resident(owner)
    for role in ("partner_admin", "partner_user"):
        email = f"{role}-{owner.mark}@partner.example"
        with channel.app.database.transaction(channel.tenant) as conn:
            ctx = channel.context(SYSTEM)
            access.create_person(conn, ctx, email=email, name=f"{role}-{owner.mark}", partner=f"P-{owner.mark}")
            access.grant_role(conn, ctx, f"user:{email}", role)
        who.keys[role] = world.key(f"user:{email}")
        who.sessions[role] = session(world, f"user:{email}")
    write(world, owner)
    return who


def write(world: World, owner: Owner) -> None:
    """A partner's question about an order of theirs that is held: what was only written by chance is not missed."""
    channel, number = world.channel, f"O-{owner.mark}-2"
    with channel.app.database.transaction(channel.tenant) as conn:
        who = access.load_principal(conn, f"user:partner_user-{owner.mark}@partner.example", channel.clock.now())
        case = case_of_subject(conn, "order", number)
        assert case is not None, "the third order of each partner is held"
        about = About(case["case_id"], "order", number, f"P-{owner.mark}")
        send_message(conn, channel.context(who), about, f"question-{owner.mark}")


def session(world: World, principal: str) -> str:
    """A session of somebody, without the sign-in page."""
    channel = world.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        return access.start_session(conn, channel.context(SYSTEM), principal).token
