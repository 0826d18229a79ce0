"""What every service of Rapport stands on.

Read `decider` (rules), `log` (facts), `relay` and `kafka` (publishing), `projection` (views), `policy` and `timers`
(what happens by itself), `keys` (personal data), `http` and `auth` (the way in), then `service` (all of it together).
"""
