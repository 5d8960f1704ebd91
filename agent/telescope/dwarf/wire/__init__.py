"""Bytes and their meaning: the envelope, the command numbers, the error codes, the notifications."""
