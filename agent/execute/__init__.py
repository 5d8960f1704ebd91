"""How a session runs: one step at a time, success earned, every interruption honoured."""
