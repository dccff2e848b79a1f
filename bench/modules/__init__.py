"""What each module costs on a large table, beside the best plain library call for the same work.

    python -m bench.modules [--only NAME ...] [--rounds 3] [--rows 1000000]

Every side runs in a process of its own that has loaded its libraries and the table. Time is of the call alone; memory
is the peak of the process during the call, less what it held before. Results go to bench/results/modules.md.
"""
