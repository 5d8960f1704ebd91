"""What runs outside the agent, in the interpreter that has the library: by path, never imported here."""
