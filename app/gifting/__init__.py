"""Gifting: a company hands what it bought out to people, one claim link each.

Owns the *handout* (a list of people that one batch is given to: drafted, looked at, given) and its *handout row* (a
person with one entitlement and one *claim* link). Promises: an entitlement is in one living hand at a time; the link
alone shows nothing: it takes the person's reference or word as a second proof; who revokes a claim ends it at once.
"""
