"""What the desk knows of people."""

from crm.chassis.people.copy import CopyOfContacts

people = CopyOfContacts()
aliases, holders, known_contacts = people.aliases, people.holders, people.known
