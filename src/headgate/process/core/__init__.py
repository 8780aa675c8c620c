"""Pure parts of the case engine: values in, values out."""
