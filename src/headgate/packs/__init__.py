"""F9: solution packs: find them, read them, install them into a tenant."""

from headgate.packs.loader import Pack, find_pack, install_pack, read_pack

__all__ = ["Pack", "find_pack", "install_pack", "read_pack"]
