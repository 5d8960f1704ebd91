"""The link to a telescope: one connection, the loop that renews it, and questions with their answers."""
