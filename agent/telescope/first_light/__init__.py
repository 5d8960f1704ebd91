"""First light: finds out, on an owner's telescope, which of the things this project only read about are true.

`walk` goes through the checks (`checks/`, one subject a file), safest first, and keeps what was said and what
it means in one file (`notebook`), which the simulator can play back. `page` says it in plain words.
"""
