"""Entitlements: what a buyer owns, one per unit of a part.

Owns the *entitlement*: *promised* until its code is there, then *ready*; *revoked* when the money goes back. One is
*closed* that has its code and is promised still: it opens so long after the payment as the shop wants. Granting turns
held codes into sold ones, finds others when a hold was lost, and promises the rest; it never refuses, since the money
is there already. A *reveal* is deliberate, proven and logged: a guarded budget and one event per entitlement, committed
before any plaintext leaves the seal.
"""
