"""What the house promises, as sentences that run."""
