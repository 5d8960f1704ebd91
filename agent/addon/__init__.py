"""What the Supervisor knows, and staying up as an add-on."""
