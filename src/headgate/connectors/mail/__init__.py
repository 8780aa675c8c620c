"""Mails: letters in the tenant's name, kept in the outbox like every effect on the outside, sent by SMTP."""

from headgate.connectors.mail.asking import asking_job, find_mailed, follow_mailed, wants_mails, write_to_deciders
from headgate.connectors.mail.core.letters import (
    Letter,
    browser_letter,
    changed_letter,
    invitation_letter,
    locked_letter,
    one_line,
    reset_letter,
)
from headgate.connectors.mail.core.sender import Relay, read_relay
from headgate.connectors.mail.daily import digest_job, write_digests
from headgate.connectors.mail.domains import write_of_domain
from headgate.connectors.mail.ending import write_of_export
from headgate.connectors.mail.late import late_job, write_of_late
from headgate.connectors.mail.news import news_job, write_news
from headgate.connectors.mail.ports import FolderPort, SmtpPort, mail_port
from headgate.connectors.mail.post import TARGET, Mailroom, Post
from headgate.connectors.mail.reminding import reviews_job, write_to_reviewers
from headgate.connectors.mail.telling import telling_job, write_to_partners
from headgate.connectors.mail.waiting import waiting_for

__all__ = [
    "TARGET",
    "FolderPort",
    "Letter",
    "Mailroom",
    "Post",
    "Relay",
    "SmtpPort",
    "asking_job",
    "browser_letter",
    "changed_letter",
    "digest_job",
    "find_mailed",
    "follow_mailed",
    "invitation_letter",
    "late_job",
    "locked_letter",
    "mail_port",
    "news_job",
    "one_line",
    "read_relay",
    "reset_letter",
    "reviews_job",
    "telling_job",
    "waiting_for",
    "wants_mails",
    "write_digests",
    "write_news",
    "write_of_domain",
    "write_of_export",
    "write_of_late",
    "write_to_deciders",
    "write_to_partners",
    "write_to_reviewers",
]
