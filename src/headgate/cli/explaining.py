"""What every explanation in the terminal ends with: who approved, and what happened with its proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.cli.session import out, say, shown


def title(text: str) -> None:
    """The heading of a part."""
    out.print()
    say((text, "bold"))


def approvals(asked: Sequence[Mapping[str, Any]]) -> None:
    """Approval requests with their steps and votes."""
    for approval in asked:
        out.print()
        say(("Approval", "bold"), f" {approval['approval']}: {approval['status']}")
        for step in approval["steps"]:
            due = f", due {shown(step['due_at'])} UTC" if step["status"] == "open" else ""
            say(
                f"level {step['level']}: {step['role']} ({step['status']}{due}), matrix row {step['matrix_row']}",
                indent=2,
            )
        for vote in approval["votes"]:
            behalf = f" for {vote['on_behalf_of']}" if vote["on_behalf_of"] else ""
            say(f"{vote['principal']}{behalf} {vote['outcome']}: {vote['justification']}", indent=4)


def rules(decisions: Sequence[Mapping[str, Any]]) -> None:
    """What policies decided, with the rows that fitted and why."""
    title("Rules")
    for decision in decisions:
        rows = ", ".join(decision["row_ids"]) or "no row fits"
        head = f"{shown(decision['at'])}  {decision['policy']}@{decision['version']}: {decision['outcome'] or rows}"
        say(head, indent=2)
        for evaluation in decision["evaluations"]:
            for row, reason in zip(evaluation["rows"], evaluation["reasons"], strict=False):
                say(f"{row}: {reason}", indent=6, style="dim")


def history(audit: Sequence[Mapping[str, Any]]) -> None:
    """Audit entries, oldest first, each with the state of its proof."""
    title("History (UTC)")
    for entry in reversed(audit):
        proof = entry["proof"]
        state = "" if not proof else "proof intact" if proof["intact"] else f"PROOF BROKEN: {proof['reason']}"
        moved = f" → {entry['body']['to']}" if entry["body"].get("to") else ""
        broken = "bold red" if proof and not proof["intact"] else ""
        text = f"{shown(entry['at'])}  {entry['action']}{moved}  {entry['actor']}  #{entry['seq']} {state}"
        say(text, indent=2, style=broken)
