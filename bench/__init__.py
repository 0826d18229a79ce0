"""Measurements: `make bench` of the event path, `WHAT=all` of everything; QUICK=1 on a tenth of the facts."""
