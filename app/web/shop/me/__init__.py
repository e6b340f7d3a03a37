"""A member's own pages: signing in by a code, what they bought, what they were told, their account.

Routes are imported by the surface itself: its proofs read `present.py` before there is a route.
"""
