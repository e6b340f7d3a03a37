"""Tools that know nothing of the business: units of work, tenancy, money, time, ids, events, secrets, lists."""
