"""Sites that speak the epay protocol (易支付), of which there are dozens of forks and no authority.

A *site* takes a buyer's money by somebody else's Alipay or WeChat account and tells us. It speaks the *first* version,
where one MD5 key signs what we send, what buyers see in their address bar and what the site tells us, so that a notice
counts only once the site itself confirmed it when asked; or the *second*, with RSA keys of our own and of the site.
"""
