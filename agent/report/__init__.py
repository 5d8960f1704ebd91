"""The night told for people: what happened is noted as it happens, and becomes one page and one message."""
