"""What a backtest leaves beside a version, read by somebody else than it was recorded for."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from uuid import uuid4
from zoneinfo import ZoneInfo

from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.present.policy_evidence import evidence_cards
from headgate.kernel.context import SYSTEM
from headgate.policy import Evidence, PolicyVersion
from headgate.ui.format import Formatter
from headgate.ui.languages import translations

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
GERMAN = translations("de")
FMT = Formatter("de_DE", ZONE, NOW, GERMAN.gettext, GERMAN.ngettext)
CONTENT = {
    "title": "Tried on 1 Mar 2026 to 2 Mar 2026",
    "summary": "12 of 1,174 decisions would have come out otherwise, 268,624.06 EUR in all",
    "facts": [
        {"label": "Flip to something stricter", "value": "1,112"},
        {"label": "Straight through", "value": "91.8 % → 88.9 %"},
        {"label": "Approvals by finance director", "value": "18 → 1,019"},
    ],
}


def told(kind: str, **more: object) -> list[str]:
    """What a German reader reads of a piece of evidence."""
    piece = Evidence(uuid4(), kind, "d", {**CONTENT, **more}, "user:prue", NOW)
    shown = cast(PolicyVersion, SimpleNamespace(digest="d"))
    (card,) = evidence_cards([piece], shown, Names({}, {}), Lens(SYSTEM, NOW, ZONE, "EUR", FMT))
    texts = [card.title, card.summary, *(text for f in card.facts for text in (f.label, str(f.value)))]
    return [FMT.tell(text).replace("\u00a0", " ") for text in texts]


def test_a_backtests_finding_is_read_in_the_readers_words_and_figures() -> None:
    assert told("backtest") == [
        "Erprobt an 01.03.2026 bis 02.03.2026",
        "12 von 1.174 Entscheidungen wären anders ausgegangen, zusammen 268.624,06 €",
        "Gehen strenger aus",
        "1.112",
        "Ohne Halt",
        "91,8 % → 88,9 %",
        "Freigaben durch Finanzleitung",
        "18 → 1.019",
    ]


def test_what_somebody_else_attached_keeps_its_own_words_and_figures() -> None:
    found = told("review", title="Tried on Monday", summary="See 1,200 and v2.10")
    assert found[0] == "Tried on Monday"
    assert found[1] == "See 1,200 and v2.10"
    assert "18 → 1,019" in found
    assert told("backtest", title="Tried on 99 Mar 2026 to 2 Mar 2026")[0] == "Tried on 99 Mar 2026 to 2 Mar 2026"
