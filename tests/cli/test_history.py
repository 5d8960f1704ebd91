"""What was collected so far, as people ask for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.cli.main import main
from tests.cli.test_download import write_done


def test_the_folders_are_added_up(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        write_done(tmp_path, f"s{number}", "/x", f"2026-03-1{number}")
    (tmp_path / "Astro_Sessions" / "Done" / "broken.json").write_text("{")
    error = tmp_path / "Astro_Sessions" / "Error"
    (error / "folder.json").mkdir(parents=True)
    (error / "link.json").symlink_to(tmp_path)
    assert main(["history"]) == 0
    assert caplog.text == ""
    told = capsys.readouterr().out
    assert "M 42" in told
    assert "3 of 3 sessions completed (100%)." in told
    assert main(["history", "m42", "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split(",")[2:] == ["2026-03", "3", "3", "3", "9", "9", "90"]
    assert main(["history", "M 31"]) == 1


def test_before_the_first_session_there_is_nothing_to_complain_of(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["history"]) == 1
    assert capsys.readouterr().out == "No session has ended.\n"
    assert caplog.text == ""
