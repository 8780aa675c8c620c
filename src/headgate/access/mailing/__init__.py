"""Which mails somebody gets, and how mails and pages are written for them: chosen by themselves, on their account or
by a mail's link."""

from headgate.access.mailing.kinds import DIGEST, DIGESTS, KINDS, PARTNERS_DIGEST, SECURITY, Kind, kinds_for, kinds_of
from headgate.access.mailing.links import Stop, read_stop, stop_link
from headgate.access.mailing.places import regions, usual_zones, zones
from headgate.access.mailing.service import (
    NO_CHOICE,
    WHENS,
    MailChoice,
    When,
    choices_of,
    choose_language,
    choose_mails,
    choose_reading,
    want_kind,
)

__all__ = [
    "DIGEST",
    "DIGESTS",
    "KINDS",
    "NO_CHOICE",
    "PARTNERS_DIGEST",
    "SECURITY",
    "WHENS",
    "Kind",
    "MailChoice",
    "Stop",
    "When",
    "choices_of",
    "choose_language",
    "choose_mails",
    "choose_reading",
    "kinds_for",
    "kinds_of",
    "read_stop",
    "regions",
    "stop_link",
    "usual_zones",
    "want_kind",
    "zones",
]
