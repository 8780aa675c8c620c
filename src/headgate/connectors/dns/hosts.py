"""What an installation's settings say of hosts."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from headgate.access.domains import HostRules
from headgate.kernel.settings import Settings

_OWN_MACHINE: Final = frozenset({"", "localhost", "127.0.0.1", "::1"})


def rules_of(settings: Settings) -> HostRules:
    """The hosts of the console are nobody's portal. An installation that says nothing of where it is reached, or that
    it is reached on its own machine, gives the names of that machine away: they lead nowhere else."""
    public = urlsplit(settings.public_url).hostname or ""
    consoles = {host for host, _ in settings.console_hosts} | ({public} if public else set())
    local = public in _OWN_MACHINE or public.endswith(".localhost")
    return HostRules(frozenset(consoles), settings.portal_suffixes, local)
