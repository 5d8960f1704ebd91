"""One step a file: what each kind of planned step asks of the telescope."""
