"""Benchmarks: figures for people who decide, each beside the floor of the same run. `make bench` runs them all.

    python -m bench [--only import|codes_list|place|notice|pool|mails|redeem|bulk|notices|storm]
                    [--engine sqlite|postgresql] [--quick]
    python -m bench --profile place|notice [--engine sqlite|postgresql]

The last lines are one JSON object per figure. Every one has `bench`, `engine`, `value`, `unit`, `floor` (the same
work with nothing around it, measured in the same run) and `ratio` (value / floor: for a speed near 1 is best, for a
time 1 is best and more is slower). With a `bar`, or a `bar_ratio` for the ratio, comes `met`:
true, false, or null where `place`, `notice` and `pool` cannot tell, since strangers had more than 15 % of the
machine in one of the runs. What else there is:

* `import`: the command `codes import` on a file of `codes` lines, start of Python included; `peak_rss_mb` is that
  process's largest memory. Floor: the same rows inserted in slices, ready-made, by SQLAlchemy Core.
* `codes_list`: a page of the office's list of codes (`view`) over HTTP, signed in by the real form, one reader;
  the value is the 95th percentile. Floor: `/healthz`, which touches nothing.
* `place`: orders placed through the real form (session, CSRF token), each by a new browser and contact. `notice`:
  signed notices that pay those orders. Floor: `floor.py`, the rows of each step and nothing else, by as many writers
  as there are connections. Floor and ours take turns; `at` tells both at 1, 8 and 32 connections, the figure is each
  at its best, the median of `rounds` (in `--quick` one). wrk plays requests that were made beforehand, each once; an
  answer of another status makes `wrong`, spoils the figure and ends the run with exit code 1.
* `pool`: how much more a claim takes in a pool of 1,000,000 codes than in one of 10,000, nine tenths sold; `value` and
  `floor` are the medians in the large and the small one, `ratio` is the median of pairs of runs, `ratios` are claims,
  whole orders, and pages touched by a claim (PostgreSQL). `seeder.py` fills the pools; that is no import.
* `redeem`: codes found and used one by one in this process, a unit each; floor: `apply` by one writer. `bulk`: a list
  of `rows` codes as a task, from its confirmation to its end; floor: those one by one.
* `notices`: ms from a notice to its commit, a figure for each `gateway`, of one run in which all take turns over one
  connection; floor: the test gateway. Beside it `cpu_ms` in this process, `verify_ms` of that to read and believe it,
  `rsa_ms` of that for the RSA signature, which may come on top of the bar. `epay V1` only makes us ask: its value is
  ms from the site's reply to the commit, `answered_…` until it is answered, `reply_…` until the site has replied.
* `storm`: 200 notices a second of all gateways and 50 pages for a minute, each at its moment whether or not those
  before were answered; the value is the 99th percentile of the slowest gateway, `kinds` tells all. A lost notice ends
  the run with exit code 1, and so does a wrong answer.
* `profile`: ms of processor time a request by room of the house, in this process; `--profile` tells more of it.
* `cpu_ms`: processor time per order of web, worker, database and Redis; `neighbours`: the share of the machine's
  processor time that went to strangers meanwhile. Both only where there is /proc. Strangers spoil the rates most,
  `cpu_ms` and `profile` less (half as much again and more on a busy machine): compare runs with few of them.

Each engine gets a fresh installation in a temporary folder: SQLite with its file, or PostgreSQL with fsync, where
the shop signs in as the plain app role. It is served just as `make run` serves it: Redis, two web processes of four
threads, worker, sweeper. After the sales the books are checked, and a broken promise ends the run with exit code 1.

Where things are: `stage.py` the installation, `imports.py` `pages.py` `sales.py` `pool.py` `redeem.py` `notices.py`
`storm.py` the figures, `requests.py` what is asked, `gateways.py` notices as the simulators write them, `load.py` and
`load.lua` the load of wrk, `steady.py` the load of the storm, `client.py` the one reader of pages, `floor.py` the
floor, `seeder.py` the pools, `profiling.py` and `sampler.py` the profile, `promises.py` the check, `cpu.py` processor
time.
"""
