"""Importing people from CSV files of any dialect and encoding, by the same rules as everywhere.

Read `dialect` (what kind of file it is), `columns` (which column means what), `rows` (a row as a person), `spool`
(where the file waits, encrypted), `batches` (deciding rows), `worker` (working an import off, resumably).
"""
