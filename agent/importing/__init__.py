"""Lists of other programs become sessions: a small file per format reads it, one makes the sessions.

Nothing here writes or asks: bytes come in, targets with their problems and session documents go out.
"""
