"""Fetching what a session left on the telescope's card into a folder of the owner's, whole and checked."""
