"""Hostile input at every door that takes bytes from outside: `python -m tests.fuzz`."""
