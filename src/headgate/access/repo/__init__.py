"""Access SQL, a file a noun. Row-level security limits every statement to the tenant of the transaction."""
