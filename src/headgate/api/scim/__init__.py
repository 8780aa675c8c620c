"""The SCIM 2.0 protocol (RFC 7644) over the records of provisioning."""

from headgate.api.scim.app import PREFIX, create_scim

__all__ = ["PREFIX", "create_scim"]
