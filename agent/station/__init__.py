"""One telescope with everything that belongs to it: folders, queue, the one task that commands it, status."""
