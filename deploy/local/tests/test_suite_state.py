"""The files of a suite: private, whole, and true about who runs."""

import os
import subprocess
from pathlib import Path

import psutil
import pytest

from crm.local.state import Lock, RunsAlready, Standing, end_strays, read_json, write_json, write_standings


def test_files_are_private_and_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "suite.json"
    (tmp_path / ".suite.json.unfinished").write_text("left by a crash")
    for value in ({"token": "one"}, {"token": "two"}):
        write_json(file, value)
        assert read_json(file) == value
        assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    assert lock.holder() is None
    with lock.held():
        assert lock.holder() == os.getpid()
        with pytest.raises(RunsAlready, match=str(os.getpid())), Lock(tmp_path / "lock").held():
            pass
    assert lock.holder() is None
    with lock.held():
        assert lock.holder() == os.getpid()


def test_a_pid_that_is_anothers_now_counts_for_nothing() -> None:
    mine = Standing.of_running("me", os.getpid(), 0)
    assert mine.process is not None
    assert Standing("me", mine.pid, (mine.created or 0) - 60, 0).process is None
    assert Standing("me", None, None, 0).process is None


def test_strays_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.local.state.LAST_WORDS_S", 0.2)
    stray = subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; while :; do sleep 600; done"])
    file = tmp_path / "processes.json"
    write_standings(file, [Standing.of_running("stray", stray.pid, 0), Standing("gone", 2**22 + 1, 1.0, 0)])
    assert end_strays(file) == 1
    assert not psutil.pid_exists(stray.pid)
    assert end_strays(file) == 0
