"""A member's own pages.

Routes are imported by the surface itself: its proofs read `present.py` before there is a route.
"""
