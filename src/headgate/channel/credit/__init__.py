"""Credit accounts: limits and balances as the ERP reports them, and the open orders that Headgate itself counts.

Accounts form trees. Whoever decides on credit loads with `lock=True`: that locks the roots of the trees, so that of two
orders under one parent the second sees what the first took.
"""

from headgate.channel.credit.core.utilisation import utilisation_pct
from headgate.channel.credit.repo import AccountView, CreditDelta
from headgate.channel.credit.service import (
    apply_credit_deltas,
    ask_credit_accounts,
    ask_credit_deltas,
    get_credit_account,
    list_credit_accounts,
    load_credit_accounts,
    project,
    validate,
)

__all__ = [
    "AccountView",
    "CreditDelta",
    "apply_credit_deltas",
    "ask_credit_accounts",
    "ask_credit_deltas",
    "get_credit_account",
    "list_credit_accounts",
    "load_credit_accounts",
    "project",
    "utilisation_pct",
    "validate",
]
