"""Merchants: who sells here, and how an address finds them.

Owns the *merchant* (a shop: slug, name, currency, zone, languages, sandbox flag) and the *directory* (kind and key of
an outside address → merchant and target). A sandbox merchant may use test payments and can never hold live
credentials. Merchant 0 is the platform and has no row.
"""
