"""What is decided about sign-on without asking anybody: ID tokens, groups and roles."""
