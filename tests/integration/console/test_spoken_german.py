"""A German reader walks every page of the console: what is in no catalogue is data of the channel, or forgotten.

Phrases that German has stand in brackets; what a page shows outside of them was written by people, or is a code. Pages
are found by following links, so a new one is read without anybody thinking of it.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from gettext import NullTranslations

import pytest

from headgate.console import guard
from headgate.console.app import create_console
from headgate.ui import languages, reading
from headgate.ui.packed import pack_catalogue
from scripts.messages import load, pairs
from tests.integration.console.site import Visitor
from tests.unit.ui.test_spoken import WORD, Outside

LINK = re.compile(r'(?:href|hx-get)="(/[^"#]*)')
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|\b[A-Z]{1,4}-[\w-]+|\b\d+\b")
# Lists of one thing each: their members' pages are alike.
NAMED = re.compile(r"^/(partners|orders|agreements|policies|processes|roles|people|calendars)/[^/?]+")
MOST_PAGES = 260
# What people and machines wrote, and what locales write themselves.
DATA = re.compile(
    # How a country writes numbers and dates, to choose from; a column by its code, before what it holds.
    r"^[^:]+: [\d.,'’\s]+ · .*2026$|^[a-z_]+,$"
    r"|Test tenant|Headgate|Nordwind|Product [A-Z]|Partner [A-Z]|GmbH|(?:order|rma):[\w:-]+|user:\S*"
    r"|\b(?:[Cc]arl|[Cc]ora|[Ff]iona|[Ff]ay|[Dd]esk|[Dd]ora|[Rr]ita|[Aa]da|[Tt]om|[Pp]rue|[Pp]aul|[Ee]rp)\b|^checked$"
    r"|List 2026|Basel|Berlin|München|Hamburg|Deutschland|webshop|online|storefront/\w+|simulator"
    r"|English|Deutsch|\bscim$"
    # The preview of a brand, which is said by the tenant's own words.
    r"|(?:Ein )?Geschäfte?( registrieren)?"
    r"|[\w.+-]+@[\w.-]+|https?://\S+|\b[\w-]+\.[\w.-]*\w|\b[A-Z]{1,5}-[\w-]+|\b[A-Z]{2,5}\d*\b|\b[a-z]+_[a-z_]+\b"
    r"|\b(?:Jan|Feb|März|Apr|Mai|Juni|Juli|Aug|Sept?|Okt|Nov|Dez)\w*|\w+(?:tag|woch)\b|[0-9a-f-]{16,}|\{.*\}",
)


class Known(NullTranslations):
    """German, its phrases in brackets; what it does not know stays as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.german = languages.translations("de")
        found = (*load("de"), *pack_catalogue("de"))
        self.known = {asked for message in found if message.id for asked, said in pairs(message) if said}

    def gettext(self, message: str) -> str:
        return f"⟦{self.german.gettext(message)}⟧" if message in self.known else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        if msgid1 not in self.known:
            return msgid1 if n == 1 else msgid2
        return f"⟦{self.german.ngettext(msgid1, msgid2, n)}⟧"


def untold(text: str) -> list[str]:
    """What a page says outside of German phrases and data."""
    told = {" ".join(DATA.sub(" ", " ".join(each.split())).split()) for each in Outside(text).found}
    return sorted(each for each in told if WORD.search(each))


def kind_of(address: str) -> str:
    """Which page it is, whatever it shows."""
    path, _, query = address.partition("?")
    names = sorted(part.partition("=")[0] for part in query.split("&") if part)
    return NAMED.sub(r"/\1/*", ID.sub("*", path)) + "?" + "&".join(names)


def walk(reader: Visitor, starts: tuple[str, ...], each_kind: int = 1) -> dict[str, list[str]]:
    """Follow the links of every page once for each kind of page; what was said in English, by address."""
    waiting, known, tried = list(starts), set(starts), Counter[str]()
    found: dict[str, list[str]] = {}
    while waiting and tried.total() < MOST_PAGES:
        address = waiting.pop(0)
        if tried[kind_of(address)] >= each_kind:
            continue
        tried[kind_of(address)] += 1
        answer = reader.client.get(address, headers={"accept-language": "de"}, follow_redirects=True)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        assert answer.status_code < 500, address
        if left := untold(answer.text):
            found[address] = left
        for link in map(html.unescape, LINK.findall(answer.text)):
            if link not in known and not link.startswith(("/portal", "/assets", "/styleguide", "/sign-out")):
                known.add(link)
                waiting.append(link)
    assert tried.total() > 20, "pages were read"
    return found


@pytest.fixture
def german(held: Visitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """The console in bracketed German, over orders that were held, released and refused, and a return."""
    channel = held.channel
    channel.order("O-2", ("S-1", "5", "10.00"), customer_reference="PO 2")
    channel.order("O-3", ("S-1", "30", "10.00"), partner="P-2", customer_reference="PO 3")
    channel.order("O-4", ("NOT-A-PRODUCT", "1", "1.00"), customer_reference="PO 4")
    channel.govern()
    channel.ship("O-2", ("1", "5"))
    channel.govern()
    line = {"line": "1", "quantity": "2", "reason": "defective", "note": ""}
    channel.send("rma.requested", rma="RMA-1", partner="P-1", order="O-2", wanted="replace", lines=[line])
    channel.govern()
    known = Known()
    for module in (languages, reading, guard):
        monkeypatch.setattr(module, "translations", lambda language: known if language == "de" else NullTranslations())
    return Visitor(channel, create_console(channel.app), held.slug)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "starts"),
    [("carl", ("/", "/orders/O-1", "/returns/RMA-1")), ("tom", ("/", "/packs", "/use")), ("ada", ("/audit",))],
)
def test_a_german_reader_meets_no_english_word_of_ours(who: str, starts: tuple[str, ...], german: Visitor) -> None:
    assert walk(german.enter(who), starts) == {}


def test_a_word_that_german_does_not_know_is_found() -> None:
    page = "<html><body><p>⟦Meine Arbeit⟧ O-1</p><p>Waits for nobody</p><code>held</code></body></html>"
    assert untold(page) == ["Waits for nobody"]
    assert Known().gettext("Nobody ever said this") == "Nobody ever said this"
    assert Known().gettext("Held") == "⟦Angehalten⟧"
