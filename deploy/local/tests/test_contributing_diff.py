"""CONTRIBUTING.md shows a whole slice as a diff. Here it is applied to a copy of the tree, checked, and run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crm.local.generating import ROOT

PACKAGES = ("shared/events", "shared/chassis", "deploy/local")
SLICE = Path(__file__).with_name("slice_over_http.py")
Run = Callable[..., str]


def example() -> str:
    """The diff in CONTRIBUTING.md."""
    (found,) = re.findall(
        r"^```diff\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return str(found)


def touched() -> list[str]:
    return re.findall(r"^\+\+\+ b/(.*)$", example(), re.MULTILINE)


def commands_of(target: str) -> list[list[str]]:
    """What a target of the Makefile runs in the environment."""
    recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipe
    return [shlex.split(each)[1:] for each in recipe[1].splitlines()]


def test_a_slice_is_four_source_files_and_one_test() -> None:
    tests = [each for each in touched() if "/tests/" in each]
    assert (len(touched()) - len(tests), len(tests)) == (4, 1)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as it is now, with the example applied."""
    folder = tmp_path_factory.mktemp("tree")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    if (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")  # most of it still holds
    (folder / "slice.diff").write_text(example(), "utf-8")
    apply = ["git", "apply", "slice.diff"]
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(apply, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, f"The example in CONTRIBUTING.md no longer fits the code:\n{done.stderr}"
    return folder


@pytest.fixture
def run(copy: Path) -> Run:
    """Runs a command of the environment in the copy, on the copy's code; it must succeed."""
    services = [str(each) for each in sorted((copy / "services").iterdir())]
    path = os.pathsep.join([*(str(copy / each) for each in PACKAGES), *services])
    commands = Path(sys.executable).parent
    environment = os.environ | {"PYTHONPATH": path}

    def run(name: str, *arguments: str) -> str:
        command = [str(commands / name), *arguments]
        done = subprocess.run(
            command, cwd=copy, capture_output=True, text=True, check=False, timeout=280, env=environment
        )
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    return run


@pytest.mark.xdist_group("contributing")
def test_the_example_passes_every_check(run: Run, copy: Path) -> None:
    wrote = run("python", "-m", "crm.local.generating")
    assert "shared/events/crm/events/schemas/crm.sales.lead-assigned.v1/1.schema.json" in wrote
    assert "crm.sales.lead-assigned.v1" in (copy / "docs/events.md").read_text("utf-8")
    for command in commands_of("check"):
        run(*command)


@pytest.mark.xdist_group("contributing")
def test_the_example_works_and_is_seen_in_the_history_over_http(run: Run, copy: Path) -> None:
    test = next(each for each in touched() if "/tests/" in each)
    shown = run(
        "python",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        str(copy / test),
        str(copy / SLICE.relative_to(ROOT)),
    )
    assert re.search(r"\d+ passed", shown)
    assert "failed" not in shown


def test_only_the_copy_knows_the_example() -> None:
    """So that the tests above see the copy's code and not this tree's."""
    assert "LeadAssigned" in example()
    assert "LeadAssigned" not in (ROOT / "shared/events/crm/events/sales.py").read_text("utf-8")
