"""Outside parties to try the shop against without an account: gateways, later messages, marketplaces, suppliers.

Each is a program of its own that knows its published protocol and never imports `app`: it recomputes every
signature from the wire, keeps its own state and pushes its own callbacks, so that a mistake in a connector cannot
hide in its simulator. They need the run-time dependencies only and are started by `make run` on demand.
"""
