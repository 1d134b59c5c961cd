"""SQL that SQLite and PostgreSQL share.

Statements number their values (`$1`) and leave the table's name open (`{table}`). Each backend
fills both in by a `statement` function of its `database` module.
"""
