"""What a person is given when they ask what is known of them (C13, GDPR articles 15 and 20), made as it is sent.

Nothing of it is kept, so there is nothing to erase later. Read `package` (what is in it), `completeness` (whether all
is), `portable` (what the person gave), `as_json` and `as_pdf` (how it is written, in pieces).
"""
