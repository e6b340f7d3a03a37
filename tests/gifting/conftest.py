"""A company with a batch to hand out."""

from tests.companies.firm import firm as firm
