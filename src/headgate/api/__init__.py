"""F11: the HTTP API. Parses, authorises, calls a service, renders; decides nothing itself."""

from headgate.api.app import PREFIXES, create_app

__all__ = ["PREFIXES", "create_app"]
