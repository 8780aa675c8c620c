"""The shapes of the API's answers and requests. Amounts are text with their currency, instants RFC 3339 in UTC."""
