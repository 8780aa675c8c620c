"""Links that turn one kind of mail to one person off (RFC 8058), and do nothing else.

A link is `<tenant id, 32 hex>.<sealed text>`. What it says is encrypted and authenticated under the installation's key
and bound to the tenant: nobody can make one, change one or use it elsewhere, and no address stands in it for logs to
keep. Nothing is stored, so a link can be followed again; it says what somebody wants and not "the other way round", so
that changes nothing more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from headgate.access.mailing.kinds import KINDS
from headgate.access.seal import Sealer
from headgate.kernel.canonical import canonical_text, loads
from headgate.kernel.errors import HeadgateError, Unauthenticated

# Mails are read late; laws ask for thirty days (CAN-SPAM) or say nothing.
LASTS: Final = timedelta(days=180)
LONGEST: Final = 1000
_TOKEN: Final = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_.=-]+)")
_OVER: Final = "this link is not valid any more"


@dataclass(frozen=True, slots=True)
class Stop:
    """What a link says: whose mails of which kind."""

    tenant_id: UUID
    principal: str
    kind: str


def stop_link(sealer: Sealer, tenant_id: UUID, principal: str, kind: str, now: datetime) -> str:
    """The token of a link."""
    ends = int((now + LASTS).timestamp())
    sealed = sealer.seal(canonical_text([principal, kind, ends]), _context(tenant_id))
    # What fills the last group up can be told from the length, and mail programs cut it off from links.
    return f"{tenant_id.hex}.{sealed.rstrip('=')}"


def read_stop(sealer: Sealer, token: str, now: datetime) -> Stop:
    """What a link says. Raises `Unauthenticated` for one that was not made here, was altered, or has ended."""
    match = _TOKEN.fullmatch(token) if len(token) <= LONGEST else None
    if match is None:
        raise Unauthenticated(_OVER)
    tenant_id = UUID(match[1])
    filled = match[2] + "=" * (-len(match[2].rpartition(".")[2]) % 4)
    try:
        principal, kind, ends = loads(sealer.open(filled, _context(tenant_id)))
    except (HeadgateError, ValueError, TypeError):
        raise Unauthenticated(_OVER) from None
    if now.timestamp() >= int(ends) or kind not in KINDS:
        raise Unauthenticated(_OVER)
    return Stop(tenant_id, str(principal), str(kind))


def _context(tenant_id: UUID) -> str:
    return f"stop mails {tenant_id}"
