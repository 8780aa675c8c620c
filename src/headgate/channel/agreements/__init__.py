"""Agreements: what prices were agreed with whom, in revisions that are never edited in place.

`drafting` brings them into being, `service` takes them through their lifecycle, `prices` gives their terms to pricing,
`queries` shows them.
"""

from headgate.channel.agreements.core.grant import ExceptionGrant
from headgate.channel.agreements.drafting import (
    DerivedDrafts,
    Drafted,
    derive,
    draft,
    draft_derived,
    draft_many,
    grant_exceptions,
    use_exceptions,
)
from headgate.channel.agreements.prices import ask_volatile, load_prices, load_terms, load_volatile, prices_with
from headgate.channel.agreements.queries import (
    agreement_ids,
    count_agreements,
    find_terms,
    get_agreement,
    list_agreements,
    list_terms,
)
from headgate.channel.agreements.repo.reading import AgreementView, FoundTerm, TermView
from headgate.channel.agreements.service import (
    Activated,
    Activation,
    activate,
    activate_many,
    activation_events,
    approve,
    rehearse_activation,
    retire,
    send_back,
    submit,
    withdraw,
)

__all__ = [
    "Activated",
    "Activation",
    "AgreementView",
    "DerivedDrafts",
    "Drafted",
    "ExceptionGrant",
    "FoundTerm",
    "TermView",
    "activate",
    "activate_many",
    "activation_events",
    "agreement_ids",
    "approve",
    "ask_volatile",
    "count_agreements",
    "derive",
    "draft",
    "draft_derived",
    "draft_many",
    "find_terms",
    "get_agreement",
    "grant_exceptions",
    "list_agreements",
    "list_terms",
    "load_prices",
    "load_terms",
    "load_volatile",
    "prices_with",
    "rehearse_activation",
    "retire",
    "send_back",
    "submit",
    "use_exceptions",
    "withdraw",
]
