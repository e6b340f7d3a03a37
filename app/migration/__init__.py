"""Migration: what another shop system exported, looked at first and then taken over.

A *shape* knows the tables of one system; a *find* is a product, a code or an order in them. A *survey* counts what
would come and what is *left out*, each with its reason, and writes nothing. Taking over makes products as drafts and
gives unsold codes to the import of stock, which seals, compares and counts them as any others. Orders
stay where they are.
"""
