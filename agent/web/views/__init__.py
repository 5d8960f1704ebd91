"""Every page, as HTML that is whole without scripts."""

from agent.web.views.pages import Views

__all__ = ["Views"]
