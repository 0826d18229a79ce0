"""What every service knows of people: who an identifier means, who is an alias of whom, whom we know, what they allow.

Read `identity` (match keys), `aliases` (canonical ids), `known` (a service's own copy of contacts), `permissions` and
`verdict` (what follows from all they said), `links` (that people get about it).
"""
