"""Inventory: the pool of codes behind each SKU, and how codes come in and go out.

Owns *batches* (one import: supplier, unit cost, expiry, its four numbers), *codes* (one sealed secret each, with
status, lane and pick), the *staging* of an import (sealed chunks, rows it could not take) and the roll-up of stock
that people see. A *hold* keeps codes for one part of an order until a time; `keep` lets it last while somebody pays,
`release` frees it, `sell` hands its codes over, `give` serves those who have paid and wait. Promises: a code is sold
once (unique keys and guarded updates say so, not locks); a hold is all or nothing; no plaintext touches disk, not even
while importing, and an import that is cut off loses no row; "sold out" is said only after a second look.
"""
