"""Pictures and reports for the media browser."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from agent.app import media_copy
from agent.app.media_copy import CLOCK_SLACK
from agent.telescope.errors import TelescopeError
from agent.telescope.interface import Picture
from tests.app.conftest import DUSK, Observatory, session
from tests.support.virtual_loop import run_virtual


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Observatory]:
    return lambda **settings: Observatory(tmp_path, **settings)


def test_a_sessions_picture_and_the_nights_report_are_copied(
    tmp_path: Path, make: Callable[..., Observatory]
) -> None:
    asked: list[datetime] = []
    place = make(media_dir=str(tmp_path / "media" / "dwarf"))

    async def late_picture(since: datetime, _folders: Any = ()) -> Picture | None:
        if place.files("Done"):
            asked.append(since)
            if len(asked) <= 2:  # one for who shows pictures on MQTT, one for who copies them
                raise TelescopeError("The Wi-Fi dropped.")
        return Picture(b"a stack", "/astro/m42/stacked.jpg", None)

    async def night() -> Observatory:
        place.telescope.latest_picture = late_picture  # type: ignore[method-assign]
        async with place.open():
            place.drop("m42.json", session())
            await place.sessions_ended(1)
            await place.clock.sleep(60)
        return place

    run_virtual(night())
    assert place.code == 0
    folder = tmp_path / "media" / "dwarf" / "2026-03-12"
    report, picture = sorted(folder.iterdir(), key=lambda path: path.suffix, reverse=True)
    assert report.name == "report_scope.md"
    assert "M 42" in report.read_text(encoding="utf-8")
    assert picture.name.endswith("_M-42_m42.jpg")
    assert picture.read_bytes() == b"a stack"
    assert len(asked) > 2
    assert all(since >= DUSK - CLOCK_SLACK for since in asked), "never a picture of an earlier session"


def test_a_folder_that_cannot_be_written_stops_no_session(
    tmp_path: Path, make: Callable[..., Observatory], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    async def night() -> Observatory:
        place = make(media_dir=str(tmp_path / "file" / "dwarf"))
        async with place.open():
            place.drop("a.json", session())
            place.drop("b.json", session())
            await place.sessions_ended(2)
        return place

    assert run_virtual(night()).files("Done") == ["a.json", "b.json"]
    assert any("media_dir" in record.message for record in caplog.records)


def test_a_defect_of_a_driver_costs_the_picture_and_not_the_report_nor_the_next_one(
    tmp_path: Path, make: Callable[..., Observatory]
) -> None:
    place = make(media_dir=str(tmp_path / "media"))
    defects: list[Exception] = []

    async def picture(_since: datetime, _folders: Any = ()) -> Picture | None:
        if "b.json" not in place.files("Done"):
            defects.append(KeyError("x"))
            raise defects[-1]
        return Picture(b"a stack", "/astro/m42/stacked.jpg", None)

    async def night() -> None:
        place.telescope.latest_picture = picture  # type: ignore[method-assign]
        async with place.open():
            place.drop("a.json", session())
            await place.sessions_ended(1)
            await place.clock.sleep(120)
            assert _kept(tmp_path) == ["report_scope.md"]
            place.drop("b.json", session())
            await place.sessions_ended(2)
            await place.clock.sleep(120)

    run_virtual(night())
    assert len(defects) >= 3
    assert place.code == 0
    assert [path.name[4:] for path in tmp_path.glob("media/*/*.jpg")] == ["_M-42_b.jpg"]


def test_a_share_that_hangs_holds_up_neither_the_report_nor_the_next_picture(
    tmp_path: Path, make: Callable[..., Observatory], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make(media_dir=str(tmp_path / "share"))
    in_thread = asyncio.to_thread

    async def hangs(work: Callable[..., Any], *args: Any, **more: Any) -> Any:
        if work is media_copy._write:
            await asyncio.get_running_loop().create_future()
        return await in_thread(work, *args, **more)

    async def night() -> None:
        async with place.open():
            place.drop("a.json", session())
            await place.sessions_ended(1)
            await place.clock.sleep(60)
            place.drop("b.json", session())
            await place.sessions_ended(2)
            await place.clock.sleep(120)
            (page,) = place.folder("Results").glob("*.html")
            assert page.read_text(encoding="utf-8").count("<img ") == 2
            assert {one["session_id"] for one in place.said("image_info")} == {"a", "b"}

    async def stack(_since: datetime, _folders: Any = ()) -> Picture:
        jpeg = io.BytesIO()
        Image.new("RGB", (64, 36)).save(jpeg, "JPEG")
        return Picture(jpeg.getvalue(), f"/astro/{len(place.results)}/stacked.jpg", None)

    monkeypatch.setattr(asyncio, "to_thread", hangs)
    place.telescope.latest_picture = stack  # type: ignore[method-assign]
    run_virtual(night())


def _kept(root: Path) -> list[str]:
    return [path.name for path in root.glob("media/*/*")]
