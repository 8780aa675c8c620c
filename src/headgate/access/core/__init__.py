"""Pure parts of access: who may do what, and how proofs of identity are made and checked."""
