"""What is attached to a version of a policy, as its pages show it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.common import Fact
from headgate.console.views.policies import EvidenceCard
from headgate.kernel.phrases import phrase
from headgate.policy import Evidence, PolicyVersion
from headgate.policy.backtest.findings import KIND
from headgate.ui.recorded import recorded
from headgate.ui.words import humanise

MOST_FACTS = 12
# What a backtest attaches is recorded in English: its days, whose approvals, its counts and shares.
_TRIED = re.compile(r"Tried on (.{10,11}) to (.{10,11})")
_APPROVALS = re.compile(r"Approvals by ([a-z][a-z ]*)")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})*(?:\.\d+)?", re.ASCII)


def evidence_cards(
    evidence: Sequence[Evidence], shown: PolicyVersion, names: Names, lens: Lens
) -> tuple[EvidenceCard, ...]:
    """What is attached, newest first. Of its content only plain text is shown, and addresses of this console."""
    cards = []
    for piece in evidence:
        content, ours = piece.content, piece.kind == KIND
        listed = content.get("facts")
        facts = [f for f in listed if isinstance(f, Mapping)][:MOST_FACTS] if isinstance(listed, list) else []
        told = [(str(f.get("label", "")), str(f.get("value", ""))) for f in facts]
        title, href = str(content.get("title") or humanise(piece.kind)), str(content.get("href") or "")
        cards.append(
            EvidenceCard(
                kind=piece.kind,
                title=_days_tried(title, lens) if ours else recorded(title),
                summary=recorded(str(content.get("summary") or "")),
                facts=tuple(_counted(*each, lens) if ours else Fact(*each) for each in told),
                href=href if href.startswith("/") and not href.startswith(("//", "/\\")) else "",
                by=names.person(piece.attached_by),
                at=piece.attached_at,
                current=piece.digest == shown.digest,
            )
        )
    return tuple(cards)


def _days_tried(text: str, lens: Lens) -> str:
    found = _TRIED.fullmatch(text)
    try:
        days = [datetime.strptime(day, "%d %b %Y").date() for day in found.groups()] if found else []  # noqa: DTZ007
    except ValueError:
        days = []
    if not days:
        return text
    return phrase("Tried on %(first)s to %(last)s", first=lens.fmt.day(days[0]), last=lens.fmt.day(days[1]))


def _counted(label: str, value: str, lens: Lens) -> Fact:
    """A fact of a backtest in the reader's words and figures."""
    of = _APPROVALS.fullmatch(label)
    told = phrase("Approvals by %(role)s", role=humanise(of[1].replace(" ", "_")).lower()) if of else recorded(label)
    return Fact(told, _NUMBER.sub(lambda m: lens.fmt.number(Decimal(m[0].replace(",", ""))), value))
