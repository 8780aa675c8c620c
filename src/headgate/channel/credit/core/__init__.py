"""The credit account record and the rules of its tree."""
