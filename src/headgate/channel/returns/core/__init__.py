"""Pure: a return as it stands, how it is weighed, and its actions."""
