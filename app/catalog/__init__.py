"""Catalog: what is for sale and what it is called.

Owns the *product* (page, slug, status), the *SKU* (a thing with a code, a kind and a price; its stock is its pool)
and their *texts* per language, with the shop's language as fallback. `kind` says what one code of the pool consists
of: one code, number and PIN, or account and password.
"""
