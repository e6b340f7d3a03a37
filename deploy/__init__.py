"""How the shop is started: everything on one machine (`python -m deploy.local`), or each part by an administrator."""
