"""Weather and safety, fail closed: inputs, mappings, sources, and the monitor that decides."""
