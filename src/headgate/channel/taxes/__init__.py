"""Tax rates, exemption certificates and exchange rates: what turns a net amount into what is owed, in any currency."""

from headgate.channel.taxes.repo import ExemptionView, FxView, TaxRateView
from headgate.channel.taxes.service import (
    list_exemptions,
    list_fx_rates,
    list_tax_rates,
    load_exemptions,
    load_fx,
    load_tax_rates,
    load_tax_table,
    project_exemptions,
    project_fx_rates,
    project_tax_rates,
    validate_exemptions,
    validate_fx_rates,
    validate_tax_rates,
)

__all__ = [
    "ExemptionView",
    "FxView",
    "TaxRateView",
    "list_exemptions",
    "list_fx_rates",
    "list_tax_rates",
    "load_exemptions",
    "load_fx",
    "load_tax_rates",
    "load_tax_table",
    "project_exemptions",
    "project_fx_rates",
    "project_tax_rates",
    "validate_exemptions",
    "validate_fx_rates",
    "validate_tax_rates",
]
