"""Personal data is encrypted with a key per contact; forgetting somebody destroys the key.

Read `contract` (what everybody uses), `jwe` (the form on the wire), `stored` (the rules: cache, tombstones, claims),
`keyring` (the keys in PostgreSQL), `memory` (the same in memory, for tests), `journal` (what a restore replays).
"""

from crm.chassis.keys.contract import Destroyed, Destruction, KeyMissing, KeyringUnavailable, Keys
from crm.chassis.keys.journal import journal_lines, read_journal
from crm.chassis.keys.jwe import BrokenSeal
from crm.chassis.keys.keyring import Keyring, migrate_keyring
from crm.chassis.keys.memory import MemoryKeys
from crm.chassis.keys.rewrapping import rewrap

__all__ = [
    "BrokenSeal",
    "Destroyed",
    "Destruction",
    "KeyMissing",
    "Keyring",
    "KeyringUnavailable",
    "Keys",
    "MemoryKeys",
    "journal_lines",
    "migrate_keyring",
    "read_journal",
    "rewrap",
]
