"""Ledger: double-entry books, deliberately dumb.

Owns *transactions* and their *entries* (account, signed minor units, currency). `post` takes balanced entries and
writes them once per (kind, subject); nothing is ever changed or removed, a correction is a transaction of its own.
Which entries a sale makes is decided in `finance/postings.py`. A day that is over takes no entries any more and is
*rolled* up into balances; `check` proves that the books are whole and the rolled days are the sums of their entries.
"""
