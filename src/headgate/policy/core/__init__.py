"""Pure: the table model, its YAML form, cell tests, compiling and evaluating. No I/O, no clock."""
