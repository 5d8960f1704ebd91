from __future__ import annotations

import errno
import os
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.store import disk
from agent.store.errors import FolderMissingError, NoSpaceError, NotWritableError, store_error


@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=300))
@settings(deadline=None)
def test_numbered_names_differ_fit_and_keep_their_extension(stem: str) -> None:
    found = list(islice(disk.names(f"{stem}.json"), 4))
    assert len(set(found)) == 4
    for name in found:
        assert len(os.fsencode(name + disk.REASON_SUFFIX)) <= 255
        assert name.endswith(".json")
    if len(os.fsencode(stem)) < 200:
        assert found[0] == f"{stem}.json"


def test_numbers_go_on_counting() -> None:
    assert list(islice(disk.names("m31--2.json"), 3)) == ["m31--2.json", "m31--3.json", "m31--4.json"]


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_rename_never_overwrites(tmp_path: Path, exclusive: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not exclusive:
        monkeypatch.setattr(disk, "_rename_noreplace", None)
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"new")
    target.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        disk.rename_exclusive(source, target)
    assert (source.read_bytes(), target.read_bytes()) == (b"new", b"old")
    target.unlink()
    disk.rename_exclusive(source, target)
    assert target.read_bytes() == b"new"
    with pytest.raises(FileNotFoundError):
        disk.rename_exclusive(source, tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_rewritten_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    path.chmod(0o640)
    disk.write(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_written_while_it_is_read_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"{}")
    real = os.read

    def growing(handle: int, size: int) -> bytes:
        data = real(handle, size)
        with path.open("ab") as file:
            file.write(b" ")
        return data[:0]

    monkeypatch.setattr(os, "read", growing)
    assert disk.read(path, 100) is None


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, NoSpaceError),
        (errno.EDQUOT, NoSpaceError),
        (errno.EACCES, NotWritableError),
        (errno.EROFS, NotWritableError),
        (errno.ENOENT, FolderMissingError),
    ],
)
def test_disk_errors_say_what_to_do(number: int, kind: type[Exception]) -> None:
    error = store_error(
        OSError(number, os.strerror(number)), "write the session", Path("/data/ToDo/m31.json")
    )
    assert isinstance(error, kind)
    assert error.hint
    assert "/data/ToDo/m31.json" in str(error)
