"""A whole channel made up from a seed: masters, agreements, weeks of orders, planted anomalies, their ground truth."""

from headgate.packs.simulator.deals import with_deals
from headgate.packs.simulator.model import KINDS, Event, GroundTruth, Simulation, TenantProfile
from headgate.packs.simulator.simulate import TENANT, simulate

__all__ = ["KINDS", "TENANT", "Event", "GroundTruth", "Simulation", "TenantProfile", "simulate", "with_deals"]
