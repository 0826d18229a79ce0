"""Duplicates: who is in the contacts twice, found as contacts change and in a full scan, and decided by people (C5).

Read `normalising` (a person made comparable), `blocking` (who is compared at all), `comparing` (field by field),
`chances` and `weighing` (how probable, and why), `match_keys` (where candidates are looked up); then `matching` (each
new or changed contact) and `scanning` with `blocks` (all of them), both by `suggesting`; `queue` (what waits for
people), `approving` and `deciding` (what follows). The rules are in `merge_case` and `scan_job`.
"""
