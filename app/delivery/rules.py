"""Pure rules of telling: which contact a letter can go to."""

import re

ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s.,;<>\"]+(?:\.[^@\s.,;<>\"]+)+")
LONGEST_ADDRESS = 254


def mail_address(contact: str) -> str:
    """Return the e-mail address that a contact is, its domain as the network writes it, or ""."""
    text = contact.strip()
    if len(text) > LONGEST_ADDRESS or not ADDRESS.fullmatch(text):
        return ""
    user, _, domain = text.rpartition("@")
    try:
        return f"{user}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return ""
