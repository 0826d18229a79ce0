"""Importing people, accounts, affiliations and interactions from files of many kinds, by the same rules as everywhere.

- reading: `dialect` and `cards` (rows of tables, vCards), `columns` and `sources` (which column means what), `layout`
  (all of that of one file), `values` and `countries` (what a row says), `rows` (a row as a person) with `workplaces`,
  `said` (as an interaction)
- deciding: `deciding` (what a row of people leads to), `employers` (which account it means), `joining` (what the person
  is there), `consents`, `taking_back`; the kinds of rows: `people` with `employing`, `accounts`, `affiliations`,
  `interactions`; `batches` (many rows in one append)
- working: `spool` (where a file waits, encrypted), `job` and `journal` (how far, what became of each line), `running`
  (dry runs and runs), `reverting` and `reverting_accounts`, `rejects` (rows to be corrected), `expiring`, `worker` (one
  after the other)
"""
