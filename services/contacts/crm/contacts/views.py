"""Views that every service folds alike; these are the ones of contacts itself."""

from crm.chassis.people.aliases import Aliases
from crm.chassis.people.permissions import Permissions

aliases = Aliases()
permissions = Permissions()
