"""The unprivileged account that a server started by root runs under, also where only root can enter its folders.

A fresh clone may lie in a folder that only its owner can enter. The server then keeps one capability of root: to pass
through. Nothing is copied, and nobody's folder changes its mode.
"""

import ctypes
import os
import pwd
import stat
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SETPCAP = 1, 2, 8
PASSING = (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE)
"""What lets a process enter any folder. The first can only read; containers usually have the second, and it alone lets
a process run a program that only root may run."""

PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 28, 47, 2
NO_SETUID_FIXUP = 1 << 2
"""Capabilities outlast the change of user, and access(2), by which PostgreSQL finds itself, respects them."""
CAPABILITY_VERSION_3 = 0x20080522


class NoWay(Exception):  # noqa: N818 (named as people speak)
    """The account cannot enter a folder, and root may not let it pass."""

    def __init__(self, account: str, step: Path, path: Path) -> None:
        super().__init__(f"the account {account!r} cannot enter {step} on the way to {path}")
        self.step = step


@dataclass(frozen=True)
class Account:
    """An account, and the capability (if any) that it keeps for passing through private folders."""

    name: str
    uid: int
    gid: int
    capability: int | None = None

    @classmethod
    def named(cls, name: str) -> Self:
        """The account of this name. Raises `KeyError`."""
        found = pwd.getpwnam(name)
        return cls(name, found.pw_uid, found.pw_gid)

    def reaching(self, *paths: Path) -> "Account":
        """This account, able to get to all of these. Raises `NoWay` when that cannot be had."""
        barred = [(step, path) for path in paths for step in (path, *path.parents) if not _is_open(step)]
        if not barred:
            return self
        enough = PASSING if all(step.is_dir() for step, _ in barred) else (CAP_DAC_OVERRIDE,)
        capability = next((each for each in enough if _may_give(each)), None)
        if capability is None:
            raise NoWay(self.name, *barred[0])
        return replace(self, capability=capability)

    def own(self, path: Path) -> None:
        """Makes a file or folder this account's. Needs root."""
        os.chown(path, self.uid, self.gid)

    def become(self) -> None:
        """Turns this process into one of the account, for good; in a child of root, before exec. Raises `OSError`."""
        os.setgroups([])
        if self.capability is None:
            os.setresgid(self.gid, self.gid, self.gid)
            os.setresuid(self.uid, self.uid, self.uid)
            return
        _prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP)
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)
        _keep_only(self.capability)
        _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, self.capability)


def _is_open(step: Path) -> bool:
    return bool(step.stat().st_mode & stat.S_IXOTH)


def _may_give(capability: int) -> bool:
    """Say whether this process can hand a capability to a child of another account (Linux only)."""
    if sys.platform != "linux":
        return False
    status = Path("/proc/self/status").read_text()
    held = dict(line.split(":", 1) for line in status.splitlines() if line.startswith("Cap"))
    permitted, bounding = int(held["CapPrm"], 16), int(held["CapBnd"], 16)
    return all(permitted >> each & 1 for each in (capability, CAP_SETPCAP)) and bool(bounding >> capability & 1)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def _keep_only(capability: int) -> None:
    sets = (_Sets * 2)()
    sets[0].effective = sets[0].permitted = sets[0].inheritable = 1 << capability
    header = _Header(CAPABILITY_VERSION_3, 0)
    _check(ctypes.CDLL(None, use_errno=True).capset(ctypes.byref(header), ctypes.byref(sets)))


def _prctl(option: int, first: int, second: int = 0) -> None:
    words = [ctypes.c_ulong(each) for each in (first, second, 0, 0)]
    _check(ctypes.CDLL(None, use_errno=True).prctl(option, *words))


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
