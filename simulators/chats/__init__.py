"""WeChat, WeCom and DingTalk as far as they carry messages: nobody reads them, everything else is as documented.

Written from the facts, never from the connectors. It keeps a table of access tokens for each app (WeChat's stable ones,
WeCom's and DingTalk's), ends them on demand, counts what each robot says in a minute, checks DingTalk's signatures, and
measures every text in bytes. *Modes* make it ill: a number to answer with at a place, so many times; slow; lost.
"""
