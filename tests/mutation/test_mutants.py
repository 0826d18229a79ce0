"""The list of guards is true to the code: what `make mutate` takes away is there."""

from pathlib import Path

import pytest

from tests.mutation.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_each_guard_stands_once_where_the_list_says(mutant: Mutant) -> None:
    assert (ROOT / mutant.module).read_text("utf-8").count(mutant.guard) == 1
    assert all((ROOT / each.partition("::")[0]).exists() for each in mutant.tests)
