"""Measurements of the suite as its users meet it. `make bench`; with QUICK=1 on a tenth of the facts."""
