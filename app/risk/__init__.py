"""Risk: whether an order may go ahead. Owns the *verdict*: allow or refuse so far; delay and review come later."""
