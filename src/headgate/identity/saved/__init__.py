"""Saved views of lists as console and portal show them: the bar above a list, and the page that keeps them in order."""
