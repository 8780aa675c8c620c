"""F6: the stateful nouns of the channel, one folder each: partners, products, agreements, orders and so on."""
