"""File import: a declarative mapping turns rows into orders, returns and the masters they name."""
