"""Orders: their facts, the actions of the process `order_to_release`, and how they are stored and shown."""

from headgate.channel.orders.core.actions import ACTIONS
from headgate.channel.orders.core.again import ASKED, DECIDING, OrderLens
from headgate.channel.orders.core.signatures import SIGNATURES
from headgate.channel.orders.coverage import SAMPLE as COVERAGE_SAMPLE
from headgate.channel.orders.coverage import policy_coverage
from headgate.channel.orders.explain import explain_order
from headgate.channel.orders.jobs import JOBS
from headgate.channel.orders.port import OrderPort
from headgate.channel.orders.related import agreements_of
from headgate.channel.orders.service import check_edit, current_order, get_order, list_orders
from headgate.channel.orders.summary import order_summary

__all__ = [
    "ACTIONS",
    "ASKED",
    "COVERAGE_SAMPLE",
    "DECIDING",
    "JOBS",
    "SIGNATURES",
    "OrderLens",
    "OrderPort",
    "agreements_of",
    "check_edit",
    "current_order",
    "explain_order",
    "get_order",
    "list_orders",
    "order_summary",
    "policy_coverage",
]
