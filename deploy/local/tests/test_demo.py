"""The demo as a newcomer runs it: everything real, in a temporary place, and nothing left of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crm.local.demo.cast import EMAIL
from crm.local.demo.story import STORY, sequence
from crm.local.demo.telling import differing

pytestmark = pytest.mark.xdist_group("suite")  # one suite at a time: it takes the whole machine


def test_the_history_is_exactly_the_storys_and_nothing_is_left_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "crm.local.cli", "demo", "--json"]
    temporary = os.environ | {"TMPDIR": str(tmp_path)}
    tmp_path.chmod(0o755)
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=280, env=temporary)
    assert done.returncode == 0, done.stderr
    history = json.loads(done.stdout)
    assert sequence(history["items"]) == STORY
    assert EMAIL in json.dumps(history["items"])
    assert list(tmp_path.glob("rapport-demo-*")) == []


def test_a_history_that_leaves_the_story_is_explained() -> None:
    from rich.console import Console

    console = Console(width=200)
    with console.capture() as captured:
        console.print(differing(STORY[:3] + STORY[4:]))
    assert "line 4: ('campaigns', 'crm.campaigns.message-handed-off.v1') instead of" in captured.get()
