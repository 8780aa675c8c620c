"""What a brand may be, as values: names, colour, words, and pictures that are safe to show."""
