"""The person beside the telescope, as far as the checks need one."""

from __future__ import annotations

from typing import Protocol


class Owner(Protocol):
    """Somebody who reads, has hands, and says yes or no."""

    def tell(self, text: str) -> None:
        """Show a line."""

    async def agrees(self, question: str) -> bool:
        """Ask; anything but a clear yes is a no. NobodyAnswersError when nobody is there."""
