"""Members: buyers who have an account in one shop, without a password.

A *member* is a buyer's account; its *contacts* are addresses of which six digits proved that they are its person's, one
mail address and one phone at most. What was ordered with a contact is its member's, ordered before the account or
after. A *session* is one signed-in browser. The *inbox* tells members what became of their orders, in the words of
whoever reads, and never a code. Promises: one address is of one member, whoever comes first at the same moment; asking
for a code does the same whether there is an account or not; a session that ended is refused at the next request.
"""
