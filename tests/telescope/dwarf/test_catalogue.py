"""What telescopes tell about themselves, whole, in part, and in nonsense."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.capabilities import Camera
from agent.telescope.dwarf.catalogue import read_catalogue, read_config, with_catalogue, with_config
from agent.telescope.dwarf.models import capabilities_for
from agent.telescope.dwarf.wire.envelope import Generation
from agent.telescope.errors import ProtocolError

V2_CONFIG = {
    "id": 2,
    "name": "DWARF3",
    "fwMajorVersion": 1,
    "fwMinorVersion": 0,
    "fwPatchVersion": 18,
    "majorVersion": 1,
    "minorVersion": 6,
    "cameras": [
        {
            "id": 0,
            "supportParams": [
                {
                    "id": 0,
                    "gearMode": {
                        "values": [
                            {"index": 0, "name": "Auto"},
                            {"index": 120, "name": "1"},
                            {"index": 156, "name": "15s"},
                        ]
                    },
                },
                {
                    "id": 1,
                    "gearMode": {"values": [{"index": 0, "name": "60"}, {"index": 3, "name": "70"}]},
                },
            ],
        }
    ],
}

V3_CATALOGUE = {
    "cameraParams": [
        {
            "cameraId": 0,
            "specialParams": {
                "exp": {
                    "values": [{"name": "1", "value": 120}, {"name": "15", "value": 156}],
                    "currentValue": 120,
                    "range": [{"techId": 1, "maxValue": 999}, {"techId": 2, "minValue": 0, "maxValue": 140}],
                },
                "gain": {
                    "values": [0, 10, 40, {"value": 50, "name": "50"}, 60],
                    "currentValue": 50,
                    "range": [{"techId": 2, "minValue": 40, "maxValue": 50}],
                },
            },
            "generalParams": [{"name": "filterType", "values": [1, 2], "currentValue": 2}],
        }
    ],
    "shootingTechSettings": [
        {
            "cameraId": 0,
            "generalParams": [{"name": "stackCount", "minValue": 1, "maxValue": 999, "currentValue": 390}],
        },
        {
            "cameraId": 15,
            "generalParams": [
                {"name": "stackFormat", "paramId": 0x020F0FFFFFFFFFFC, "currentValue": 2},
                {"name": "stackBinning", "paramId": 0x020F0FFFFFFFFFFC, "currentValue": 1},
                {"name": "displaySource", "paramId": 0x0202F00000000012, "currentValue": 0},
            ],
        },
    ],
}


def test_older_firmware_tells_model_versions_and_tables() -> None:
    config = read_config(V2_CONFIG)
    assert (config.model, config.generation, config.firmware) == ("D3", Generation.V2, "1.0.18")
    assert [each.index for each in config.exposures[Camera.TELE]] == [120, 156]
    own = with_config(capabilities_for("D3"), config).cameras
    assert [each.seconds for each in own[Camera.TELE].exposures] == [1.0, 15.0]
    assert own[Camera.TELE].gains == (60, 70)
    assert own[Camera.WIDE] == capabilities_for("D3").cameras[Camera.WIDE]


def test_newer_firmware_tells_the_model_alone() -> None:
    newer = {"id": 4, "name": "DWARF MINI", "majorVersion": 2, "minorVersion": 6, "cameras": []}
    config = read_config(newer)
    assert (config.model, config.generation, config.exposures) == ("mini", Generation.V3, {})
    assert read_config({"id": 1, "cameras": None}).generation is Generation.V3


def test_a_model_nobody_knows_is_none_and_a_name_may_help() -> None:
    assert read_config({"id": 6, "name": "DWARF 9"}).model is None
    assert read_config({"id": 3, "name": "DWARF3 Pro"}).model == "D3"


@pytest.mark.parametrize("data", [None, [], {}, {"id": "x"}, "text"])
def test_what_is_no_configuration_is_refused(data: object) -> None:
    with pytest.raises(ProtocolError):
        read_config(data)


def test_the_catalogue_replaces_the_built_in_tables_within_the_limits_for_stacking() -> None:
    catalogue = read_catalogue(V3_CATALOGUE)
    tele = with_catalogue(capabilities_for("D3"), catalogue).cameras[Camera.TELE]
    assert [each.index for each in tele.exposures] == [120]
    assert tele.gains == (40, 50)
    assert [(each.value, each.name) for each in tele.filters] == [(1, "Astro"), (2, "Duo-Band")]
    assert (tele.min_count, tele.max_count) == (1, 999)
    assert catalogue.cameras[Camera.TELE].current == {
        "exp": 120,
        "gain": 50,
        "filterType": 2,
        "stackCount": 390,
    }
    assert catalogue.shared == {"stackFormat": 2, "stackBinning": 1, "displaySource": 0}


def test_a_telescope_nobody_knows_has_no_binning_in_a_mode_that_was_not_seen() -> None:
    body = {**V3_CATALOGUE, "shootingTechSettings": []}
    unknown = with_catalogue(capabilities_for("D3"), read_catalogue(body), unknown=True)
    assert unknown.for_mode(deep_sky=True).cameras[Camera.TELE].gains == (40, 50)
    assert unknown.for_mode(deep_sky=False).cameras[Camera.TELE].binnings == ()
    assert len(unknown.for_mode(deep_sky=False).cameras[Camera.TELE].gains) > 2


def test_an_id_that_several_parameters_share_is_not_used() -> None:
    assert set(read_catalogue(V3_CATALOGUE).shared_ids) == {"displaySource"}


def test_a_mode_the_model_lacks_leaves_the_built_in_tables() -> None:
    empty = read_catalogue({"cameraParams": None, "shootingTechSettings": None})
    assert with_catalogue(capabilities_for("D2"), empty) == capabilities_for("D2")


WORDS = (
    "id cameras supportParams gearMode values index name value cameraId cameraParams specialParams exp gain "
    "range generalParams currentValue shootingTechSettings techId paramId minValue maxValue majorVersion"
)
KEYS = WORDS.split()

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(deadline=None)
@given(JSON)
def test_any_json_is_read_or_refused(data: object) -> None:
    for built_in in (capabilities_for("D2"), capabilities_for("mini")):
        with_catalogue(built_in, read_catalogue(data))
    try:
        with_config(capabilities_for("D3"), read_config(data))
    except ProtocolError:
        return
