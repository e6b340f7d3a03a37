"""Risk: whether an order may go ahead. Owns the *verdict*: allow, delay, review, refuse; it allows all so far."""
