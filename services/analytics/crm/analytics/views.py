"""Views that every service folds alike; these are the ones of analytics."""

from crm.chassis.people.aliases import Aliases

aliases = Aliases()
