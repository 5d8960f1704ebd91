"""Focus on stars, or go to the stored infinity position."""

from __future__ import annotations

import logging

from agent.execute.context import StepContext
from agent.session.plan import PlannedStep, StepKind
from agent.telescope.errors import TelescopeError, UnreachableError

_LOGGER = logging.getLogger(__name__)


async def auto_focus(context: StepContext, _step: PlannedStep) -> None:
    """Search the focus."""
    await context.telescope.auto_focus()
    _focused(context, StepKind.AUTO_FOCUS)


async def infinite_focus(context: StepContext, _step: PlannedStep) -> None:
    """Go to infinity."""
    await context.telescope.infinite_focus()
    _focused(context, StepKind.INFINITE_FOCUS)


async def refocus_if_due(context: StepContext) -> None:
    """Focus again between two captures; the night goes on if that fails."""
    refocusing = context.refocusing
    reason = refocusing.reason() if refocusing is not None else ""
    if refocusing is None or not reason:
        return
    _LOGGER.info("Focusing again: %s", reason)
    await context.telescope.go_live()
    infinity = refocusing.wanted.infinity
    try:
        await (context.telescope.infinite_focus() if infinity else context.telescope.auto_focus())
    except UnreachableError:
        raise
    except TelescopeError as error:
        _LOGGER.warning("Focusing again failed: %s", error)
        context.tell(f"focusing again failed: {error.message}")
    else:
        context.tell(f"focused again: {reason}")
        _focused(context, StepKind.INFINITE_FOCUS if infinity else StepKind.AUTO_FOCUS)
    refocusing.focused()


def _focused(context: StepContext, kind: StepKind) -> None:
    context.reuse.alignment.focused(kind, context.clock.now(), context.telescope.telemetry.temperature)
    if context.refocusing is not None:
        context.refocusing.focused()
