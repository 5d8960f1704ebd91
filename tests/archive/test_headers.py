"""FITS files in the archive say what they are of, and their data is what came."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.archive import headers
from agent.archive.facts import seconds
from agent.archive.headers import BLOCK, CARD, Card, cards_of, filled, read_header
from agent.archive.manifest import State
from agent.session.fields import DownloadWhat
from agent.targets import Site
from tests.archive.support import Stand, at_stand
from tests.support.chance import often
from tests.support.small_sensors import small_sensors as small_sensors

PARIS = Site(48.85, 2.35, 35.0, "Europe/Paris")
PLACE = {"name": "M 42", "ra_hours": 5.588139, "dec_degrees": -5.391111}
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=70)
VALUES = st.one_of(TEXTS, st.floats(-1e9, 1e9, allow_nan=False), st.integers(-(10**9), 10**9))
KEYS = st.from_regex(r"[A-Z][A-Z0-9_-]{0,7}", fullmatch=True).filter(lambda key: key not in ("END", "SIMPLE"))


def fetch(root: Path, **options: Any) -> tuple[dict[str, bytes], dict[str, Path]]:
    """Fetch everything of a session whose headers are bare; return what the card has and what is here."""

    async def work(stand: Stand) -> tuple[dict[str, bytes], dict[str, Path]]:
        stand.session = replace(stand.session, place=PLACE, row={"exposure": "10"})
        stand.site = PARIS
        manifest = await stand.fetch().run()
        assert manifest.state is State.COMPLETE
        folder = next((root / "M 42").iterdir())
        return stand.served(), {entry.source: folder / entry.name for entry in manifest.files}

    return at_stand(root, work, habits={"headers": "bare"}, **options)


def header_and_data(content: bytes) -> tuple[bytes, bytes]:
    header = read_header(io.BytesIO(content))
    assert header is not None
    return header, content[len(header) :]


def test_what_a_header_lacks_is_added_and_no_other_byte_is_changed(tmp_path: Path) -> None:
    served, here = fetch(tmp_path)
    frames = [source for source in here if source.endswith(".fits")]
    assert len(frames) == 4
    for source, path in here.items():
        if source not in frames:
            assert path.read_bytes() == served[source]
            continue
        theirs, ours = header_and_data(served[source]), header_and_data(path.read_bytes())
        assert ours[1] == theirs[1]
        kept = [card for card in cards_of(theirs[0]) if card.strip() not in (b"", b"END")]
        lost = [card for card in kept if card not in cards_of(ours[0])]
        assert [card[:8] for card in lost] == [b"OBJECT  "]  # the card had it without a word in it


def test_astropy_reads_what_was_added(tmp_path: Path) -> None:
    fits = pytest.importorskip("astropy.io.fits", reason="astropy is not installed")
    served, here = fetch(tmp_path)
    for source, path in here.items():
        if not source.endswith(".fits"):
            continue
        with fits.open(path) as ours, fits.open(io.BytesIO(served[source])) as theirs:
            ours.verify("exception")
            assert (ours[0].data == theirs[0].data).all()
            told = ours[0].header
            assert (told["OBJECT"], told["FILTER"], told["EXPTIME"]) == ("M 42", "Astro", 10.0)
            assert told["RA"] == pytest.approx(83.822085)
            assert (told["DEC"], told["EQUINOX"]) == (-5.391111, 2000.0)
            assert (told["OBJCTRA"], told["OBJCTDEC"]) == ("05 35 17.30", "-05 23 28.0")
            assert (told["SITELAT"], told["SITELONG"], told["SITEELEV"]) == (48.85, 2.35, 35.0)
            assert {key: told[key] for key in theirs[0].header if key != "OBJECT"} == {
                key: value for key, value in theirs[0].header.items() if key != "OBJECT"
            }


def test_a_second_run_fetches_nothing_although_headers_grew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(stand: Stand) -> list[str]:
        stand.session = replace(stand.session, place=PLACE)
        stand.site = PARIS
        await stand.fetch().run()
        frame = stand.sim.device.card.sessions[0].frame_name(1)
        path = tmp_path / "M 42" / "2026-03-12_m42" / "lights" / frame
        assert path.stat().st_size > len(stand.served()[frame])
        again: list[str] = []
        opened = stand.card.open

        def noting(folder: str, file: str, *rest: Any) -> Any:
            again.append(file)
            return opened(folder, file, *rest)

        stand.card.open = noting  # type: ignore[method-assign]
        note = path.parent.parent / "info" / "archive.json"
        note.write_text(note.read_text().replace('"done": true', '"done": false'))  # as after a power cut
        assert (await stand.fetch(DownloadWhat.ALL).run()).state is State.COMPLETE
        return [name for name in again if name.endswith(".fits")]

    real = headers.filled
    monkeypatch.setattr(headers, "filled", lambda header, cards: real(header, [*cards, *MANY]))
    assert at_stand(tmp_path, work) == []


MANY = [Card(f"ROOM{number}", number, "so that a block more is needed") for number in range(30)]


@settings(max_examples=often(40))
@given(st.lists(st.tuples(KEYS, VALUES), unique_by=lambda pair: pair[0]), st.lists(st.tuples(KEYS, VALUES)))
def test_any_header_stays_readable_and_keeps_what_it_says(
    there: list[tuple[str, Any]], wanted: list[tuple[str, Any]]
) -> None:
    cards = [b"SIMPLE  =                    T".ljust(CARD), *(Card(*one, "x").written() for one in there)]
    header = b"".join([*cards, b"END".ljust(CARD)])
    header = header.ljust(-(-len(header) // BLOCK) * BLOCK)
    fuller = filled(header, [Card(*one, "y") for one in dict(wanted).items()])
    assert len(fuller) % BLOCK == 0
    assert read_header(io.BytesIO(fuller)) == fuller
    kept = [card for card in cards if not headers.is_empty(card)]
    assert [card for card in cards_of(fuller) if card in kept] == kept
    assert headers._longer(fuller) == len(fuller) - len(header)
    assert filled(fuller, [Card(*one, "z") for one in dict(wanted).items() if one[1] != ""]) in (
        fuller,
        header,
    )
    for card in cards_of(fuller):
        assert len(card) == CARD
        assert card.isascii()


@settings(max_examples=often(100))
@given(st.binary(max_size=3 * BLOCK))
def test_what_is_no_fits_file_is_left_as_it_is(content: bytes) -> None:
    assert read_header(io.BytesIO(content)) is None or content.startswith(b"SIMPLE  =")


def test_a_header_with_a_checksum_is_left_as_it_is() -> None:
    header = b"SIMPLE  =                    T".ljust(CARD) + b"CHECKSUM= 'abc     '".ljust(CARD) + b"END"
    header = header.ljust(BLOCK)
    assert filled(header, [Card("OBJECT", "M 42", "target")]) == header


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("10", 10.0),
        ("1/4", 0.25),
        ("0.5", 0.5),
        (15.0, 15.0),
        ("1/0", None),
        ("auto", None),
        ("1e9999999", None),
    ],
)
def test_exposures_as_the_telescope_names_them(told: object, read: float | None) -> None:
    assert seconds(told) == read


@pytest.mark.parametrize("text", ["'" * 60, "M 42 " + "'" * 40 + "a" * 20, "a" * 59 + "'" + "b"])
def test_a_text_of_quotes_ends_within_its_card(text: str) -> None:
    card = Card("OBJECT", text, "Target").written().decode()
    assert len(card) == CARD
    told = re.match(r"OBJECT  = '((?:[^']|'')*)' ", card)
    assert told is not None
    assert text.startswith(told[1].replace("''", "'").rstrip())
    assert b"1E-05" in Card("RA", 1e-05, "deg").written()
