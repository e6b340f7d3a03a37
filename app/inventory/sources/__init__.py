"""Sources: where the goods of a part come from, one file each behind one Protocol; `service.fulfilling` chooses."""
