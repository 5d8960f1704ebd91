"""The session document: reading, checking, planning, writing back."""
