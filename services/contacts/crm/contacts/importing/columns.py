"""Which column of a file means what: by its header in several languages, or by a given mapping."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence

from crm.chassis.decider import Rejected

ADDRESS = ("street", "postal_code", "city", "region", "country")
SECOND_ADDRESSES = ("home_", "other_")
"""Where a file has several addresses of a person, the others' fields begin with one of these."""
PEOPLE = (
    *("name", "first_name", "middle_name", "last_name", "email", "phone", *ADDRESS, "external_id", "external_ids"),
    *(f"{which}{part}" for which in SECOND_ADDRESSES for part in ADDRESS),
    *("consent_wording", "consent_evidence"),
    *("organisation", "account_id", "job_title", "department"),
    *("birthday", "website", "note", "tags"),
)
INTERACTIONS = (
    *("email", "phone", "external_id", "kind", "direction", "subject", "body", "occurred_at"),
    *("system", "interaction_id"),
)
ACCOUNTS = ("name", "kind", "domain", *ADDRESS, "external_id", "external_ids")
AFFILIATIONS = ("email", "phone", "external_id", "account", "role", "department", "valid_from", "valid_to")
FIELDS: Mapping[str, Sequence[str]] = {
    "people": PEOPLE,
    "interactions": INTERACTIONS,
    "accounts": ACCOUNTS,
    "affiliations": AFFILIATIONS,
}
"""What a column can fill, by the kind of row; also `external_id:SYSTEM`.

Of people also `account_id:SYSTEM`, the id of the organisation somebody works for, `consent:CHANNEL:PURPOSE`, and
`attribute:NAME`, a custom attribute.
"""
NOT_KEPT = frozenset({"website", "note"})
"""Recognised, so that a reader of the mapping sees them, but nothing is recorded of them yet."""

_MANY = ("email", "phone", "tags", "website", "domain")
_ACCOUNT_NAMES = frozenset({"companyname", "accountname", "firmenname", "organisationname", "organizationname"})
_SYSTEM = re.compile(r"external_id:[A-Za-z0-9._-]{1,60}")
_ACCOUNT = re.compile(r"account:[A-Za-z0-9._-]{1,60}")
_WORKPLACE = re.compile(r"account_id:[A-Za-z0-9._-]{1,60}")
_ATTRIBUTE = re.compile(r"attribute:[a-z][a-z0-9_]{0,59}")
_CONSENT = re.compile(r"consent:(email|sms|phone|post|messenger):[a-z0-9][a-z0-9_-]{0,59}")

_WORDS: Mapping[str, Sequence[str]] = {
    "name": ("name", "fullname", "displayname", "contact", "contactname", "nom complet", "nombre completo", "navn"),
    "first_name": ("firstname", "givenname", "forename", "vorname", "prenom", "nombre", "nome", "voornaam", "imie"),
    "middle_name": ("middlename", "additionalname", "zweitername"),
    "last_name": (
        *("lastname", "surname", "familyname", "nachname", "familienname", "nom", "apellido", "apellidos", "cognome"),
        *("achternaam", "nazwisko"),
    ),
    "email": (
        *("email", "mail", "emailaddress", "emailadresse", "adresseemail", "courriel", "correo", "correoelectronico"),
        *("eposta", "epost"),
    ),
    "phone": (
        *("phone", "phonenumber", "telephone", "tel", "telefon", "telefonnummer", "mobile", "mobil", "handy", "cell"),
        *("portable", "telefono", "movil", "celular", "telefoon", "mobilephone", "cellulare"),
    ),
    "street": ("street", "address", "addressline1", "streetaddress", "strasse", "adresse", "rue", "direccion", "calle"),
    "postal_code": ("postalcode", "zip", "zipcode", "postcode", "plz", "postleitzahl", "codepostal", "codigopostal"),
    "city": ("city", "town", "ort", "stadt", "ville", "ciudad", "citta", "plaats", "miasto"),
    "region": ("region", "state", "province", "bundesland", "county", "provincia", "estado"),
    "country": ("country", "countrycode", "land", "pays", "pais", "paese", "kraj"),
    "external_id": ("externalid", "id", "customerid", "customernumber", "kundennummer", "crmid", "contactid"),
    "organisation": (
        *("company", "organisation", "organization", "firma", "unternehmen", "entreprise", "empresa", "azienda"),
        *("employer", "arbeitgeber", *_ACCOUNT_NAMES),
    ),
    "account_id": ("companyid", "organisationid", "organizationid"),
    "job_title": ("jobtitle", "position", "funktion", "cargo", "fonction", "poste"),
    "department": ("department", "dept", "abteilung", "afdeling", "avdeling", "reparto"),
    "birthday": ("birthday", "dateofbirth", "geburtstag", "geburtsdatum"),
    "website": ("website", "web", "url", "homepage"),
    "note": ("note", "notes", "notiz", "notizen", "comment", "comments"),
    "tags": ("tags", "labels", "categories", "schlagworte"),
    "kind": ("kind", "type", "art", "activitytype"),
    "direction": ("direction", "richtung"),
    "subject": ("subject", "betreff", "title"),
    "body": ("body", "text", "description", "note", "notes"),
    "occurred_at": ("occurredat", "date", "datetime", "timestamp", "when", "datum"),
    "system": ("system", "sourcesystem", "quellsystem"),
    "interaction_id": ("interactionid", "activityid", "engagementid"),
}
_WORDS_OF_ACCOUNTS: Mapping[str, Sequence[str]] = {
    **{each: _WORDS[each] for each in ADDRESS},
    "name": ("name", *_WORDS["organisation"]),
    "kind": ("kind", "type", "accounttype", "art"),
    "domain": ("domain", "domains", "companydomainname", "website", "websiteurl", "homepage"),
    "external_id": ("externalid", "id", "accountid", "recordid", "companyid", "kundennummer", "customernumber"),
}
_OF_PEOPLE = {re.sub(r"\W", "", word): field for field in PEOPLE for word in _WORDS.get(field, ())}
_OF_ACCOUNTS = {re.sub(r"\W", "", word): field for field, words in _WORDS_OF_ACCOUNTS.items() for word in words}
_OF_AFFILIATIONS = {
    **{re.sub(r"\W", "", word): field for field in AFFILIATIONS[:3] for word in _WORDS[field]},
    "account": "account",
    "accountid": "account",
    "companyid": "account",
    "role": "role",
    "jobtitle": "role",
    "department": "department",
    "validfrom": "valid_from",
    "since": "valid_from",
    "validto": "valid_to",
    "until": "valid_to",
}
_OF_INTERACTIONS = {re.sub(r"\W", "", word): field for field in INTERACTIONS for word in _WORDS.get(field, ())}


def kind_of(header: Sequence[str]) -> str:
    """What the rows of a file are, by its header: `people`, unless it tells of organisations or of what was said."""
    fields = set(recognise(header, "interactions").values())
    if {"subject", "occurred_at"} <= fields:
        return "interactions"
    people = {"email", "first_name", "last_name"} & set(recognise(header, "people").values())
    return "accounts" if not people and _ACCOUNT_NAMES & set(map(_plain, header)) else "people"


def recognise(header: Sequence[str], kind: str) -> dict[str, str]:
    """Which column (by its place, from 0) fills which field, by the words in the header."""
    words = {"interactions": _OF_INTERACTIONS, "accounts": _OF_ACCOUNTS, "affiliations": _OF_AFFILIATIONS}.get(
        kind, _OF_PEOPLE
    )
    columns: dict[str, str] = {}
    for place, title in enumerate(header):
        field = title.strip() if _is_field(title.strip(), kind) else None
        field = field or words.get(_plain(title)) or words.get(_plain(re.sub(r"[\d\s]+$", "", title)))
        if field and (field in _MANY or field not in columns.values()):
            columns[str(place)] = field
    return columns


def given(header: Sequence[str], mapping: Mapping[str, str], kind: str) -> dict[str, str]:
    """The same by a mapping from headers to fields. Raises `Rejected` if a header or field does not exist."""
    places = {title.strip(): str(place) for place, title in reversed(list(enumerate(header)))}
    for title, field in mapping.items():
        if title not in places:
            raise Rejected("The mapping names a column that this file does not have.", field=f"mapping.{title}")
        if not _is_field(field, kind):
            raise Rejected(f"Fields are: {', '.join(FIELDS[kind])}.", field=f"mapping.{title}")
    return {places[title]: field for title, field in mapping.items()}


def check_fields(mapping: Mapping[str, str], kind: str) -> None:
    """Raises `Rejected` if a mapping fills a field that this kind of row does not have."""
    for title, field in mapping.items():
        if not _is_field(field, kind):
            raise Rejected(f"Fields are: {', '.join(FIELDS[kind])}.", field=f"mapping.{title}")


def is_kept(field: str, fields: Collection[str]) -> bool:
    """Whether anything is recorded of a field; of the work somewhere only where the organisation is told."""
    told = {each.partition(":")[0] for each in fields} & {"organisation", "account_id", "account"}
    return field not in NOT_KEPT and bool(told or field not in ("job_title", "department"))


def check_enough(columns: Mapping[str, str], kind: str) -> None:
    """Raises `Rejected` unless the columns can tell whom or what a row is about."""
    fields = {each.partition(":")[0] for each in columns.values()}
    if kind == "people" and not {"name", "first_name", "last_name", "email"} & fields:
        raise Rejected(
            "No column of this file tells a name or an e-mail address. Give a mapping from headers to fields:"
            f" {', '.join(FIELDS[kind])}.",
            field="mapping",
        )
    if kind == "affiliations" and not ({"email", "phone", "external_id"} & fields and "account" in fields):
        raise Rejected("Rows of affiliations need a person's identifier and an account.", field="mapping")
    if kind == "accounts" and "name" not in fields:
        raise Rejected("Rows of accounts need a name.", field="mapping")
    if kind == "interactions" and not ({"email", "phone", "external_id"} & fields and "subject" in fields):
        raise Rejected("Rows of interactions need a subject, and an e-mail, phone or external_id.", field="mapping")


def _is_field(field: str, kind: str) -> bool:
    of_people = kind == "people" and any(each.fullmatch(field) for each in (_CONSENT, _ATTRIBUTE, _WORKPLACE))
    of_affiliations = kind == "affiliations" and _ACCOUNT.fullmatch(field)
    return bool(field in FIELDS[kind] or _SYSTEM.fullmatch(field) or of_people or of_affiliations)


def _plain(title: str) -> str:
    decomposed = unicodedata.normalize("NFKD", title.replace("ß", "ss").casefold())
    return re.sub(r"[\W_]", "", "".join(each for each in decomposed if not unicodedata.combining(each)))
