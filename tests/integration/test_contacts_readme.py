"""The calls in the README of contacts work as they stand there, one block after the other."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.running_suite import RunningSuite

ROOT = Path(__file__).parents[2]
README = ROOT / "services/contacts/README.md"

CURL = f"""#!{sys.executable}
'''As much of curl as the page uses, so that the test needs none.'''
import argparse, sys, httpx
parser = argparse.ArgumentParser()
parser.add_argument("-sS", action="store_true")
parser.add_argument("--fail-with-body", action="store_true", required=True)
parser.add_argument("-H", action="append", default=[])
parser.add_argument("-X")
parser.add_argument("-d")
parser.add_argument("-F")
parser.add_argument("url")
asked = parser.parse_args()
headers = dict(each.split(": ", 1) for each in asked.H)
files = None
if asked.F:
    name, path = asked.F.split("=@")
    files = {{name: (path, open(path, "rb"))}}
method = asked.X or ("POST" if asked.d or files else "GET")
answer = httpx.request(method, asked.url, headers=headers, content=asked.d, files=files, timeout=30)
sys.stdout.write(answer.text)
if answer.is_error:
    sys.exit(f"{{method}} {{asked.url}}: {{answer.status_code}}")
"""


def blocks() -> list[str]:
    """What the page has people type, in order."""
    return re.findall(r"^```bash\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_calls_in_the_readme_of_contacts_work(suite: RunningSuite, tmp_path: Path) -> None:
    if not (bash := Path("/bin/bash")).exists():
        pytest.fail("This page is written for bash.")
    curl = tmp_path / "curl"
    curl.write_text(CURL)
    curl.chmod(0o755)
    described = suite.described
    environment = os.environ | {
        "PATH": f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "contacts": described["services"]["contacts"],
        "token": described["token"],
    }
    script = "set -euo pipefail\n" + "\n".join(blocks())
    done = subprocess.run(
        [str(bash), "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr
    assert done.stdout.count('"token":') > 10
