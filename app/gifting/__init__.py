"""Gifting: what was bought, or is in stock, goes to somebody by a link.

Three ways, one machine of signed links, words and browsers that proved themselves:
The *handout* of a company (a list of people that one batch is given to: drafted, looked at, given) with its *handout
rows* (a person with one entitlement and one *claim* link). An entitlement is in one living hand at a time; the link
alone shows nothing: it takes the person's reference or word as a second proof; who revokes a claim ends it at once.
The *gift* of one person to another. From its making on the entitlement is in the gift's hand (`holder_id`), so its
giver sees nothing of it, and takes it back whole as long as nobody has claimed it; who claims it has it for good.
The *claim campaign* of the shop: so many pieces of a SKU for whoever comes by its link or poster; one row, at which
claimers take turns, keeps the count and the limits of each person.
"""
