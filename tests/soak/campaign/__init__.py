"""Nights in which everything happens at once: written down, played on the wire, judged from outside, shrunk.

`python -m tests.soak.campaign` plays as many as are wanted, goes on after any interruption, keeps failures.
"""
