"""Finance: the meaning of the books. `postings.py` shows an accountant every entry we ever make, one function each."""
