"""Settings of the embedded PostgreSQL server, from the machine's memory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_MB = 1024 * 1024


def server_settings(sockets: Path, *, durable: bool) -> dict[str, str]:
    """PostgreSQL settings by name. `durable=False` keeps nothing safe from a power cut and is for tests."""
    memory = _memory_mb()
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": f"{_between(128, memory // 8, 1024)}MB",
        "effective_cache_size": f"{_between(256, memory // 2, 16384)}MB",
        "maintenance_work_mem": f"{_between(64, memory // 32, 512)}MB",
        "work_mem": "16MB",
        "synchronous_commit": "on",
        "wal_buffers": "16MB",
        "min_wal_size": "128MB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
        # Compiling a plan costs more than our short statements take.
        "jit": "off",
        # Queue tables turn over fast; vacuum them before their indexes grow. And a young installation is counted
        # soon after its first orders: until then plans are made for empty tables.
        "autovacuum_naptime": "3s",
        "autovacuum_vacuum_scale_factor": "0.05",
        # At a fiftieth, tables of some ten thousand rows would be counted at every look, at the price of half the
        # statements that fill them; at a tenth, at every second look while orders come in at half of the highest rate.
        # Figures a fifth too old choose no other plan.
        "autovacuum_analyze_scale_factor": "0.2",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "on",
        "log_directory": "log",
        "log_filename": "postgresql-%a.log",
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
    }
    if _shared_memory_mb() < 256:
        # Containers often get 64 MB of /dev/shm, which parallel queries outgrow.
        settings["dynamic_shared_memory_type"] = "mmap"
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB", "max_wal_size": "512MB"}
    return settings


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))


def _memory_mb() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MB


def _shared_memory_mb() -> int:
    folder = Path("/dev/shm")  # noqa: S108 (its size is looked up, nothing is written)
    return shutil.disk_usage(folder).total // _MB if folder.exists() else 1024
