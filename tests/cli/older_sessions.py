"""Sessions as the older program, its forks and the editors around it write them, version by version."""

from __future__ import annotations

import json
from typing import Any

WAITS = {"wait_before": 10, "wait_after": 10}
OFF = {"do_action": False, **WAITS}
ON = {"do_action": True, **WAITS}
NO_SUN = {"do_action": False, "target": "", "wait_after": 30}
BODE = {
    "do_action": True,
    "target": "M 81",
    "ra_coord": "09:55:33.2",
    "dec_coord": "+69:03:55",
    "wait_after": 30,
}
NO_PLACE = {"do_action": False, "target": "", "ra_coord": "", "dec_coord": "", "wait_after": 30}
NO_TELE = {
    "do_action": False, "exposure": "", "gain": "", "binning": "0", "IRCut": "", "count": "", "wait_after": 20
}  # fmt: skip
NO_WIDE = {"do_action": False, "exposure": "", "gain": "", "count": "", "wait_after": 20}


def _id(**more: Any) -> dict[str, Any]:
    return {
        "uuid": "00001", "description": "from the editor", "date": "2035-12-12", "time": "22:05:00",
        "process": "wait", "max_retries": 2, "result": False, "message": "", "nb_try": 1, **more,
    }  # fmt: skip


def _tele(filter_key: str = "IRCut", **more: Any) -> dict[str, Any]:
    return {
        "do_action": True, "exposure": "15", "gain": "80", "binning": "0", filter_key: "1", "count": "60",
        "wait_after": 20, **more,
    }  # fmt: skip


def _session(**sections: Any) -> dict[str, Any]:
    """A whole file: the editor writes every section, most of them off."""
    body = {
        "id_command": _id(),
        "eq_solving": OFF,
        "auto_focus": OFF,
        "infinite_focus": OFF,
        "calibration": ON,
        "goto_solar": NO_SUN,
        "goto_manual": BODE,
        "setup_camera": _tele(),
        "setup_wide_camera": NO_WIDE,
    }
    return {"command": {**body, **sections}}


def _text(session: dict[str, Any], before: str = "") -> bytes:
    return (before + json.dumps(session, indent=4)).encode()


SHOT_2026 = {
    "shots_taken": 3,
    "shots_stacked": 2,
    "exposure_actual": "15",
    "gain_actual": 60,
    "ir_actual": "Vis",
}
SINGLE_FIELD = {"doMosaic": False, "framingX": 100, "framingY": 100, "mosaic_count": 60, "rotation": 0}

SESSIONS: dict[str, bytes] = {
    "2024 first samples": _text(
        {
            "command": {
                "id_command": {"uuid": "00001", "date": "2035-12-12", "time": "22:05:00", "process": "wait"},
                "calibration": {"do_action": True, "wait_before": 0, "wait_after": 0},
                "goto_manual": {
                    "do_action": True,
                    "target": "M 42",
                    "ra_coord": 5.58814,
                    "dec_coord": -5.39,
                    "wait_after": 10,
                },
                "setup_camera": {
                    "do_action": True,
                    "exposure": "10",
                    "gain": 60,
                    "binning": 0,
                    "IRCut": 1,
                    "count": 120,
                    "wait_after": 10,
                },
            }
        },
        "\ufeff\t\t",
    ),
    "2024 copied wait_afte": _text(_session(goto_manual={**BODE, "wait_afte": 15, "wait_after": None})),
    "2025 editor": _text(_session()),
    "2025 numbers": _text(
        _session(setup_camera=_tele(exposure=10.0, gain=60, binning=0, IRCut=1, count=60.0))
    ),
    "2025 autofocus": _text(_session(auto_focus=ON)),
    "2025 polar alignment": _text(_session(eq_solving=ON)),
    "2025 Moon": _text(
        _session(
            goto_solar={"do_action": True, "target": "MOON", "wait_after": 30},
            goto_manual=NO_PLACE,
            setup_camera=_tele(exposure="1/100", gain="40", count="100"),
        )
    ),
    "2025 wide camera": _text(
        _session(
            setup_camera=NO_TELE,
            setup_wide_camera={
                "do_action": True,
                "exposure": "1.0",
                "gain": "60",
                "count": "50",
                "wait_after": 20,
            },
        )
    ),
    "2025 pane of a mosaic": _text(
        _session(
            goto_manual={**BODE, "target": "M 31 Pane 2", "ra_coord": "00hr 46' 00\"", "dec_coord": "42.1º"}
        )
    ),
    "2025 from Stellarium": _text(
        _session(
            goto_manual={
                **BODE,
                "target": "Bode's Galaxy - M 81",
                "ra_coord": "9.9258",
                "dec_coord": "69.0653",
            }
        )
    ),
    "2025 own place": _text(_session(goto_manual={**BODE, "target": "my garden field"})),
    "2025 place without a name": _text(_session(goto_manual={**BODE, "target": ""})),
    "2025 Dwarfium": _text(
        _session(
            goto_solar={"do_action": True, "target": "Jupiter", "wait_after": 10},
            goto_manual={**NO_PLACE, "ra_coord": 0, "dec_coord": 0},
            setup_camera=_tele(exposure="1/30", gain="", IRCut="", count=20),
        )
    ),
    "2026 fork": _text(
        _session(setup_camera=_tele("ircut", exposure_actual="15", gain_actual="80", ir_actual="Astro"))
    ),
    "2026 rewrite": _text(_session(setup_camera=_tele("ircut", **SINGLE_FIELD, end_time=""))),
    "2026 rewrite, end time": _text(
        _session(setup_camera=_tele("ircut", **SINGLE_FIELD, end_time="01:30", count="999"))
    ),
    "2026 rewrite, shot before": _text(
        _session(
            id_command=_id(
                **SHOT_2026, starting_date="2035-12-11 22:05:03", processed_date="2035-12-11 23:00:00"
            )
        )
    ),
    "2026 rewrite, mini": _text(_session(setup_camera=_tele("ircut", binning="1", **SINGLE_FIELD))),
    "2026 Tonight planner": _text(
        {
            "command": _session(
                setup_camera=_tele("ircut", exposure="10.0", count="0", end_time="01:30", lp_filter=False),
            )["command"]
            | {"tonightplan": {"score": 0.8, "type": "galaxy", "altitude": 56}}
        }
    ),
}
