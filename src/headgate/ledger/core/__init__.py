"""Pure parts of the ledger: values in, values out."""
