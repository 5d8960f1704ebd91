"""The dashboard is copied by one press, over TLS and without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

_WITHOUT = "Object.defineProperty(navigator, 'clipboard', {value: undefined})"  # as over plain HTTP


@pytest.mark.parametrize("secure", [True, False])
def test_one_press_copies_it(look: Callable[..., Any], serve: Callable[..., Any], secure: bool) -> None:
    page = look(f"{serve().address}/home-assistant", permissions=["clipboard-read", "clipboard-write"])
    if not secure:
        page.add_init_script(_WITHOUT)
        page.reload()
    page.click("[data-copy]")
    page.wait_for_selector("#answer.is-done")
    page.evaluate("document.body.appendChild(document.createElement('textarea')).id = 'paste'")
    page.focus("#paste")
    page.keyboard.press("Control+V")
    assert page.input_value("#paste") == "title: scope\n"
