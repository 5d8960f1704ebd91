"""What a telescope is asked to do, by subject: control, pointing, focus, cameras, captures."""
