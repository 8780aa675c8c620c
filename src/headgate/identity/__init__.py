"""What the web edges share about people who come in: sign-in step by step, proofs, the page of one's own account."""
