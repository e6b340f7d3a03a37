"""Pricing: what a basket costs now. Owns the *quote*; knows list prices so far, later coupons, tiers and levels."""
