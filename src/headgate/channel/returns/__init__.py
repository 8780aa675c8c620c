"""Returns as recorded by the systems that take goods back."""

from headgate.channel.returns.port import ACTIONS, ReturnPort

__all__ = ["ACTIONS", "ReturnPort"]
