"""Deliveries to other systems: commands to targets, events to subscribers.

Targets and subscriptions (`targets.py`), what to send to whom (`fanout.py` for events; commands come from cases), the
courier that delivers (`courier.py`) through a port per kind (`ports.py`), dead letters (`letters.py`).
"""

from headgate.connectors.delivery.core.addresses import Rules, read_networks, read_url
from headgate.connectors.delivery.core.verdict import Answer
from headgate.connectors.delivery.courier import SUBSCRIPTION_DISABLED, Courier, Done, Errand
from headgate.connectors.delivery.fanout import MOVED, fan_out
from headgate.connectors.delivery.fetch import Fetcher
from headgate.connectors.delivery.jobs import JOBS
from headgate.connectors.delivery.letters import (
    attempts_at,
    attempts_of,
    dead_letters,
    dismiss_letters,
    replay_letters,
)
from headgate.connectors.delivery.model import SUBSCRIPTION, Attempt, Connection, Target, TargetState
from headgate.connectors.delivery.ping import Pinged, ping
from headgate.connectors.delivery.ports import DeliveryPort, Parcel, WebhookPort
from headgate.connectors.delivery.targets import (
    TargetChange,
    TargetDraft,
    change_target,
    connections,
    create_target,
    get_target,
    rotate_secret,
    set_status,
    unrouted,
)
from headgate.connectors.delivery.wire import Blocked, Said, Wire

__all__ = [
    "JOBS",
    "MOVED",
    "SUBSCRIPTION",
    "SUBSCRIPTION_DISABLED",
    "Answer",
    "Attempt",
    "Blocked",
    "Connection",
    "Courier",
    "DeliveryPort",
    "Done",
    "Errand",
    "Fetcher",
    "Parcel",
    "Pinged",
    "Rules",
    "Said",
    "Target",
    "TargetChange",
    "TargetDraft",
    "TargetState",
    "WebhookPort",
    "Wire",
    "attempts_at",
    "attempts_of",
    "change_target",
    "connections",
    "create_target",
    "dead_letters",
    "dismiss_letters",
    "fan_out",
    "get_target",
    "ping",
    "read_networks",
    "read_url",
    "replay_letters",
    "rotate_secret",
    "set_status",
    "unrouted",
]
