"""GoRules JSON Decision Models: decision tables and expressions in and out; programs in them are refused."""

from headgate.policy.exchange.jdm.reading import read_jdm
from headgate.policy.exchange.jdm.writing import write_jdm

__all__ = ["read_jdm", "write_jdm"]
