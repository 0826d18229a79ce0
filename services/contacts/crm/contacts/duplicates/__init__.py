"""Duplicates: who is in the contacts twice, found as contacts change and in a full scan, and decided by people (C5).

Read `normalising` (a person made comparable), `blocking` (who is compared at all), `comparing` (field by field),
`chances` and `weighing` (how probable, and why), `match_keys` (where candidates are looked up), `matching` (each new or
changed contact), `scan_job` and `scanning` (all of them), then `merge_case` (what people decide) and `queue`.
"""
