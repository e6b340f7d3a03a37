"""How deep the random tests go: DEPTH 1 on every change, 10 before a release, 100 at night."""

import os

DEPTH = int(os.environ.get("DEPTH", "1"))
