"""Rules of domains without a database: what may be one, what a proof is, and what a check makes of where one stands."""
