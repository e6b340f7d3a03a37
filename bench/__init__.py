"""Benchmarks: figures for people who decide, each beside the floor of the same run. `make bench` runs them all.

    python -m bench [--only import|codes_list|place|notice] [--engine sqlite|postgresql] [--quick]

The last lines are one JSON object per figure. Every one has `bench`, `engine`, `value`, `unit`, `floor` (the same
work with nothing around it, measured in the same run) and `ratio` (value / floor: for a speed near 1 is best, for a
time 1 is best and more is slower). With a `bar` comes `met`. What else there is:

* `import`: the command `codes import` on a file of `codes` lines, start of Python included; `peak_rss_mb` is that
  process's largest memory. Floor: the same rows inserted in slices, ready-made, by SQLAlchemy Core.
* `codes_list`: a page of the office's list of codes (`view`) over HTTP, signed in by the real form, one reader;
  the value is the 95th percentile. Floor: `/healthz`, which touches nothing.
* `place`: orders placed through the real form (session, CSRF token), each by a new browser. `notice`: signed
  notices that pay those orders. Floor: `floor.py`, the rows of each step and nothing else, by as many writers as
  there are connections.
* `cpu_ms`: processor time per order of web, worker, database and Redis; `neighbours`: the share of the machine's
  processor time that went to strangers meanwhile. Both only where there is /proc. Strangers spoil the rates most,
  `cpu_ms` less (half as much again and more on a busy machine): compare runs with few of them.
* `client`: what asks. It is a few Python processes on the same machine; `client_ms` is what they cost an order.

Each engine gets a fresh installation in a temporary folder: SQLite with its file, or PostgreSQL with fsync, where
the shop signs in as the plain app role. It is served just as `make run` serves it: Redis, two web processes of four
threads, worker, sweeper. After the sales the books are checked, and a broken promise ends the run with exit code 1.

Where things are: `stage.py` the installation, `imports.py` `pages.py` `sales.py` the figures, `load.py` and
`client.py` the load, `floor.py` the floor, `promises.py` the check, `cpu.py` processor time.
"""
