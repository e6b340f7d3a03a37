"""Everything that speaks HTTP: guard → parse → unit → render, and the surfaces people and programs meet."""
