"""nginx' index of a folder: what is read of it, and what is no name in this folder."""

from __future__ import annotations

import html
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.telescope.dwarf.card_files import IndexEntry, read_index

PAGE = """<html>\r
<head><title>Index of /DWARF3/Astronomy/x/</title></head>\r
<body>\r
<h1>Index of /DWARF3/Astronomy/x/</h1><hr><pre><a href="../">../</a>\r
<a href="Thumbnail/">Thumbnail/</a>      12-Mar-2026 20:01 -\r
<a href="M%2042_10s80_Astro_0001.fits">M 42_10s80_Astro_0001.fits</a>      12-Mar-2026 20:01  16588800\r
<a href="stacked-16_M%2042_a%26b.fits">stacked-16_M 42_10s80_Astro_2026..&gt;</a> 12-Mar-2026 20:01 47M\r
<a href="absurd.fits">absurd.fits</a> 12-Mar-2026 20:01 {absurd}\r
<a href="/etc/passwd">passwd</a> 12-Mar-2026 20:01 12\r
<a href="%2e%2e%2fetc">etc</a> 12-Mar-2026 20:01 12\r
</pre><hr></body>\r
</html>\r
""".replace("{absurd}", 5000 * "9")


def test_files_folders_and_sizes_are_read_and_paths_are_not() -> None:
    when = "12-Mar-2026 20:01"
    assert read_index(PAGE) == [
        IndexEntry("Thumbnail/", None, when),
        IndexEntry("M 42_10s80_Astro_0001.fits", 16588800, when),
        IndexEntry("stacked-16_M 42_a&b.fits", None, when),
        IndexEntry("absurd.fits", None, when),
    ]


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(st.lists(st.tuples(NAMES, st.integers(0, 10**13)), max_size=8))
def test_every_name_comes_back_or_is_no_name(files: list[tuple[str, int]]) -> None:
    lines = [
        f'<a href="{quote(name)}">{html.escape(name[:50])}</a> 01-Jan-2026 00:00 {size:>19}'
        for name, size in files
    ]
    found = {entry.name: entry.size for entry in read_index("\r\n".join(lines))}
    for name, size in found.items():
        assert (name, size) in files
    for name in {name for name, _ in files} - found.keys():
        assert name in (".", "..") or any(sign in "/\\\x7f" or ord(sign) < 32 for sign in name)


@given(st.text(max_size=400))
def test_no_page_breaks_the_reader(page: str) -> None:
    for entry in read_index(page):
        assert "/" not in entry.name.removesuffix("/")


@pytest.mark.parametrize("size", ["47M", "1.2K", "-", "٣", "1e9", ""])
def test_a_size_that_is_not_told_to_the_byte_is_unknown(size: str) -> None:
    entries = read_index(f'<a href="a.fits">a.fits</a> 01-Jan-2026 00:00 {size}')
    assert [entry.size for entry in entries] == ([None] if size else [])
