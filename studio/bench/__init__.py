"""How fast the studio is: benches, each in a file of `benches/`, and the table they make.

A bench measures what a user waits for against a goal. What needs a window or a fresh process is a
program in `probes/`, run beside this one; nothing here imports Qt, and torch only while measuring.
"""
