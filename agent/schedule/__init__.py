"""When a session runs: start instants, the queue of one telescope, and the choice of the next one."""
