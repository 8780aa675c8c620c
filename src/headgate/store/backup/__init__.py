"""Backups: every row of every tenant in one file, from one moment, independent of the server's version.

The file is a ZIP archive: `manifest.json`, a text COPY of each table, and the installation's secrets sealed under a
passphrase. The schema is not in it; a restore makes it with the migrations of the release that made the backup and then
migrates on, so a backup of an older release goes into a newer one, and one of the embedded server into an external one.
"""

from headgate.store.backup.manifest import Head, Manifest, read_manifest
from headgate.store.backup.reading import restore
from headgate.store.backup.sealed import check_passphrase
from headgate.store.backup.writing import Progress, back_up

__all__ = ["Head", "Manifest", "Progress", "back_up", "check_passphrase", "read_manifest", "restore"]
