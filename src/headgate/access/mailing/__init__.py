"""Which mails somebody gets and how they are written: chosen by themselves, on their account or by a mail's link."""

from headgate.access.mailing.kinds import KINDS, SECURITY, Kind, kinds_for
from headgate.access.mailing.links import Stop, read_stop, stop_link
from headgate.access.mailing.service import NO_CHOICE, MailChoice, choices_of, choose_language, choose_mails, want_kind

__all__ = [
    "KINDS",
    "NO_CHOICE",
    "SECURITY",
    "Kind",
    "MailChoice",
    "Stop",
    "choices_of",
    "choose_language",
    "choose_mails",
    "kinds_for",
    "read_stop",
    "stop_link",
    "want_kind",
]
