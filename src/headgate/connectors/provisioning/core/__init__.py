"""The pure part of provisioning: what should be there, what is there, and the steps between."""
