"""How tax rates, exemptions and exchange rates are read from events."""
