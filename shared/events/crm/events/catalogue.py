"""Every fact of every service, by its type."""

from collections.abc import Iterator
from types import ModuleType

from crm.events import (
    accounts,
    affiliations,
    analytics,
    attributes,
    campaigns,
    consents,
    contacts,
    duplicates,
    holds,
    identifiers,
    import_rows,
    imports,
    interactions,
    merging,
    notices,
    profiles,
    requests,
    sales,
    service_desk,
    sharing,
)
from crm.events.fact import Fact, UnknownFact, service_of, type_of

MODULES: dict[str, tuple[ModuleType, ...]] = {
    "contacts": (
        contacts,
        interactions,
        consents,
        identifiers,
        imports,
        import_rows,
        merging,
        accounts,
        affiliations,
        duplicates,
        requests,
        holds,
        profiles,
        attributes,
        sharing,
    ),
    "sales": (sales,),
    "service-desk": (service_desk,),
    "campaigns": (campaigns, notices),
    "analytics": (analytics,),
}
"""Where each service declares its facts."""


def _all(fact_class: type[Fact] = Fact) -> Iterator[type[Fact]]:
    for each in fact_class.__subclasses__():
        yield each
        yield from _all(each)


BY_TYPE: dict[str, type[Fact]] = {
    type_of(each): each for each in _all() if each is not UnknownFact and each.__module__.startswith("crm.events.")
}


def of_service(service: str) -> list[type[Fact]]:
    """The facts one service may record, in the order of their types."""
    return [BY_TYPE[each] for each in sorted(BY_TYPE) if service_of(each) == service]
