"""SQL of agreements."""
