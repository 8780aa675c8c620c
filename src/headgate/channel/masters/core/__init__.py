"""Pure parts that the master nouns share: reading items, units, countries, cursors."""
