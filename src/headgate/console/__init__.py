"""F11: the staff console. Routes parse and authorise, services decide, views say what is shown, templates render it."""
