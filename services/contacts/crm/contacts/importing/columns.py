"""Which column of a file means what: by its header in several languages, or by a given mapping."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from crm.chassis.decider import Rejected

FIELDS = (
    "name",
    "first_name",
    "last_name",
    "email",
    "phone",
    "street",
    "postal_code",
    "city",
    "region",
    "country",
    "external_id",
)
"""What a column can fill. `email` and `phone` may be filled by several columns."""
_MANY = ("email", "phone")

_WORDS: Mapping[str, Sequence[str]] = {
    "name": ("name", "fullname", "displayname", "contact", "contactname", "nom complet", "nombre completo", "navn"),
    "first_name": ("firstname", "givenname", "forename", "vorname", "prenom", "nombre", "nome", "voornaam", "imie"),
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
}
_FIELD_OF = {re.sub(r"\W", "", word): field for field, words in _WORDS.items() for word in words}


def match_columns(header: Sequence[str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Which column (by its place, from 0) fills which field.

    `given` maps headers to fields; without it headers are recognised. Raises `Rejected` if a given header or field does
    not exist, or if no column tells a name or an e-mail address.
    """
    columns = _given(header, given) if given else _recognised(header)
    if not {"name", "first_name", "last_name", "email"} & set(columns.values()):
        raise Rejected(
            "No column of this file tells a name or an e-mail address. Give a mapping from headers to fields:"
            f" {', '.join(FIELDS)}.",
            field="mapping",
        )
    return columns


def _recognised(header: Sequence[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for place, title in enumerate(header):
        field = _FIELD_OF.get(_plain(title)) or _FIELD_OF.get(_plain(re.sub(r"[\d\s]+$", "", title)))
        if field and (field in _MANY or field not in columns.values()):
            columns[str(place)] = field
    return columns


def _given(header: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    places = {title.strip(): str(place) for place, title in reversed(list(enumerate(header)))}
    for title, field in given.items():
        if title not in places:
            raise Rejected("The mapping names a column that this file does not have.", field=f"mapping.{title}")
        if field not in FIELDS:
            raise Rejected(f"Fields are: {', '.join(FIELDS)}.", field=f"mapping.{title}")
    return {places[title]: field for title, field in given.items()}


def _plain(title: str) -> str:
    decomposed = unicodedata.normalize("NFKD", title.replace("ß", "ss").casefold())
    return re.sub(r"[\W_]", "", "".join(each for each in decomposed if not unicodedata.combining(each)))
