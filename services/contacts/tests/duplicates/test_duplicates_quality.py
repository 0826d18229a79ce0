"""What suggestions are worth, on labelled people with typing errors (C5). The public benchmark is in `bench`."""

from collections import Counter, defaultdict
from itertools import combinations
from uuid import UUID, uuid5

from bench.population import Human, Registry
from crm.contacts.duplicates.blocking import keys_of, worth_comparing
from crm.contacts.duplicates.normalising import Traits, traits_of
from crm.contacts.duplicates.suggesting import judge
from crm.contacts.duplicates.weighing import Population, counted_words, weigh

_IDS = UUID("5f0ad1c4-5a0a-4a5e-9a7e-6d0c3f0c8f11")


def traits(number: int, human: Human) -> Traits:
    return traits_of(
        uuid5(_IDS, str(number)),
        name=human.name,
        emails=[human.email] if human.email else [],
        phones=[human.phone] if human.phone else [],
        address=human.address,
        birthday=human.birthday,
    )


def suggested(people: list[Traits]) -> set[frozenset[UUID]]:
    counts = Counter(word for each in people for word in counted_words(each))
    population = Population(len(people), {word: n / len(people) for word, n in counts.items() if n > 2})
    blocks: dict[str, list[Traits]] = defaultdict(list)
    for each in people:
        for key in keys_of(each):
            blocks[key].append(each)
    shared: dict[tuple[Traits, Traits], list[str]] = defaultdict(list)
    for key, some in blocks.items():
        for pair in combinations(some, 2):
            shared[pair].append(key)
    pairs = (pair for pair, keys in shared.items() if worth_comparing(keys))
    return {frozenset((a.contact_id, b.contact_id)) for a, b in pairs if weigh(a, b, population)}


def test_c5_suggestions_are_right_and_few_duplicates_are_missed() -> None:
    registry = Registry(seed=5)
    known = [human for human in (registry.human() for _ in range(2_400)) if human.birthday or human.address]
    twice = known[:400]
    families = [registry.household(each) for each in known[400:800] if each.address]
    everybody = [*known, *families, *map(registry.again, twice)]
    people = [traits(number, human) for number, human in enumerate(everybody)]
    first = len(known) + len(families)
    same = {frozenset((people[n].contact_id, people[first + n].contact_id)) for n in range(len(twice))}
    found = suggested(people)
    precision, recall = len(found & same) / len(found), len(found & same) / len(same)
    assert precision >= 0.98, (precision, recall)
    assert recall >= 0.95, (precision, recall)


def test_c5_it_does_not_matter_who_is_compared_with_whom() -> None:
    registry = Registry(seed=6)
    for number in range(300):
        human = registry.human()
        one, other = traits(number, human), traits(-number - 1, registry.again(human))
        found = judge(one, other, Population(), least=0.0)
        assert found
        assert found == judge(other, one, Population(), least=0.0)
