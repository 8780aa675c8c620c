"""Price exceptions: asked for, weighed against the contract price, approved by the matrix, granted for a time."""

from headgate.channel.exceptions.core.actions import ACTIONS, asked_of
from headgate.channel.exceptions.core.signatures import SIGNATURES
from headgate.channel.exceptions.files import PRICE_FILES
from headgate.channel.exceptions.port import ExceptionPort, check_edit, get_exception
from headgate.channel.exceptions.queries import list_exceptions

__all__ = [
    "ACTIONS",
    "PRICE_FILES",
    "SIGNATURES",
    "ExceptionPort",
    "asked_of",
    "check_edit",
    "get_exception",
    "list_exceptions",
]
