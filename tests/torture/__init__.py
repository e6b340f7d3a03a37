"""Torture: a shop in processes that are killed at every step, a gateway that is ill, and accounts that must be right.

A *story* is what people do with a shop. It is told to a child process that dies at one chosen failpoint; other
children sweep up after it, while the gateway goes on telling what it told in vain. Then the *reckoning* compares
what the gateway, the orders, the codes and the books say.
"""
