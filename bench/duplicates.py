"""Measures duplicates: precision and recall on the FEBRL data sets, and a full scan of 100,000 contacts.

`python -m bench.duplicates`; `--quick` scans a tenth. `--fit` counts how often grades are seen on FEBRL 2, which
is what the table in `crm.contacts.duplicates.chances` is made of. Precision and recall are reported for all four sets;
those of 1, 3 and 4 are of parameters that were not fitted on them.
"""

import argparse
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from uuid import UUID

from bench import febrl
from bench.febrl import Pairs
from crm.contacts.duplicates.blocking import LARGEST_BLOCK, keys_of, worth_comparing
from crm.contacts.duplicates.normalising import Traits
from crm.contacts.duplicates.weighing import SUGGESTED_FROM, Likeness, Population, counted_words, weigh

THRESHOLDS = (0.5, 0.7, 0.8, SUGGESTED_FROM, 0.9, 0.95, 0.98, 0.99, 0.999)
FITTED_ON = 2


def main() -> int:
    """Prints the figures as tables."""
    parser = argparse.ArgumentParser(prog="bench.duplicates", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the contacts")
    parser.add_argument("--fit", action="store_true", help="only count grades")
    parser.add_argument("--febrl", type=Path, default=febrl.folder(), help="folder of the FEBRL files")
    parser.add_argument("--no-scan", action="store_true", help="only precision and recall")
    asked = parser.parse_args()
    if asked.febrl is None:
        parser.error("The data sets are not here: `make bench WHAT=duplicates` brings them, or give --febrl FOLDER.")
    if asked.fit:
        fit(asked.febrl)
        return 0
    for number in febrl.FILES:
        judge(asked.febrl, number)
    if not asked.no_scan:
        from bench.scanning import measure

        measure(10_000 if asked.quick else 100_000)
    return 0


def judge(folder: Path, number: int) -> None:
    """Prints precision and recall of one data set at each threshold."""
    everybody, same = febrl.people(folder, number)
    found = {pair: likeness.probability for pair, likeness in suggestions(everybody)}
    reached = sum(pair in same for pair in candidates(everybody))
    fitted = " (fitted on)" if number == FITTED_ON else ""
    print(f"\nFEBRL {number}{fitted}: {len(everybody):,} records, {len(same):,} pairs are one person")
    print(f"  share of them that is compared at all: {reached / len(same):.4f}")
    for threshold in THRESHOLDS:
        suggested = {pair for pair, score in found.items() if score >= threshold}
        right = len(suggested & same)
        mark = "  <- suggested" if threshold == SUGGESTED_FROM else ""
        precision = right / len(suggested) if suggested else 1.0
        print(f"  from {threshold:<6} precision {precision:.4f}  recall {right / len(same):.4f}{mark}")


def suggestions(everybody: list[Traits]) -> Iterator[tuple[frozenset[UUID], Likeness]]:
    """All pairs above the lowest threshold."""
    known = {each.contact_id: each for each in everybody}
    population = population_of(everybody)
    for pair in candidates(everybody):
        a, b = pair
        if likeness := weigh(known[a], known[b], population, least=min(THRESHOLDS)):
            yield pair, likeness


def population_of(everybody: list[Traits]) -> Population:
    """Their size, and the shares of common words."""
    counts = Counter(word for each in everybody for word in counted_words(each))
    return Population(len(everybody), {word: n / len(everybody) for word, n in counts.items() if n > 2})


def candidates(everybody: list[Traits]) -> Pairs:
    """Who is compared."""
    blocks = defaultdict(list)
    for each in everybody:
        for key in keys_of(each):
            blocks[key].append(each.contact_id)
    shared: dict[frozenset[UUID], list[str]] = defaultdict(list)
    for key, ids in blocks.items():
        for pair in combinations(ids, 2) if len(ids) <= LARGEST_BLOCK else ():
            shared[frozenset(pair)].append(key)
    return {pair for pair, keys in shared.items() if worth_comparing(keys)}


def fit(folder: Path) -> None:
    """Prints how often each grade is seen in pairs that are one person, and in others, in percent."""
    everybody, same = febrl.people(folder, FITTED_ON)
    known = {each.contact_id: each for each in everybody}
    chance = random.Random(1)
    others = [frozenset(chance.sample(list(known), 2)) for _ in range(200_000)]
    for title, pairs in (("one person", list(same)), ("others", [each for each in others if each not in same])):
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for a, b in pairs:
            likeness = weigh(known[a], known[b], Population(), least=0.0)
            assert likeness
            for each in likeness.findings:
                counts[each.field][each.grade] += 1
        print(f"\n{title}, {len(pairs):,} pairs")
        for about, grades in counts.items():
            seen = sum(grades.values())
            print(f"  {about}: " + ", ".join(f"{g} {100 * n / seen:.3f}" for g, n in grades.most_common()))


if __name__ == "__main__":
    sys.exit(main())
