"""F11: the partner portal. People of partners see their own deals, orders and prices under the tenant's brand."""
