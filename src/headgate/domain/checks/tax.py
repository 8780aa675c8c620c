"""Can tax be determined for every line?"""

from __future__ import annotations

from headgate.domain.checks.finding import Finding
from headgate.domain.checks.prepared import Prepared


def check_tax(prepared: Prepared) -> list[Finding]:
    """Sets `tax_known` to false for the final table when a line has no rate."""
    tax = prepared.tax
    if not tax.undetermined:
        exempt = next((line.certificate for line in tax.lines if line.certificate), "")
        how = f"exempt by certificate {exempt}" if exempt else f"tax {tax.total:f} {tax.currency}"
        return [Finding("tax", f"{how}, {len(tax.lines)} lines, rounded per {tax.rounding}")]
    missing = set(tax.undetermined)
    first = next(line for line in tax.lines if line.rate is None)
    stake = sum((line.tenant_amount for line in prepared.lines if line.line.line in missing), prepared.totals.net * 0)
    detail = f"no tax rate for class {first.tax_class} in {first.jurisdiction}"
    if len(missing) > 1:
        detail += f" (and {len(missing) - 1} more lines without a rate)"
    return [Finding("tax", detail, signals={"tax_known": False}, exception="tax_undetermined", stake=stake)]
