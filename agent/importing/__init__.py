"""Lists of other programs become sessions: a small file per format reads it, one makes the sessions.

Nothing here writes or asks: bytes come in, targets with their problems and session documents go out.
"""

from agent.importing.model import MAX_BYTES, Imported, ImportedFile
from agent.importing.reading import read_other

__all__ = ["MAX_BYTES", "Imported", "ImportedFile", "read_other"]
