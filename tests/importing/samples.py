"""Small files as other programs write them."""

from __future__ import annotations

import json
from typing import Any

MOSAIC = """Pane, RA, DEC, Position Angle (East), Pane width (arcmins), Pane height (arcmins), Overlap, Row
Center, 5.5881hr, -5.3911º, 180.00, 176.40, 98.40, 15%, -
Pane 1, 5hr 29' 24", -5º 54' 00", 180.00, 176.40, 98.40, 15%, 1
Pane 2, 5hr 41' 10", -5º 54' 00", 180.00, 176.40, 98.40, 15%, 1
"""
LIST = '''"Catalogue Entry","Familiar Name","Type","Right Ascension (j2000)","Declination (j2000)"
"M 31","Andromeda Galaxy","Galaxy","00hr 42' 44""","+41º 16' 09"""
"M 33","Triangulum Galaxy","Galaxy","01hr 33' 51""","+30º 39' 37"""
'''
TABLE = "name;ra;dec;rotation;exposure;count\nM 42;5:35:17;-5:23:28;0;30;200\nM 81;9,9258;69,0653;;;\n"
SCHEDULER_TABLE = "Type,Name,Ra,Dec,Rotation,ROI\nGalaxy,M 31,00:42:44,+41:16:09,0,100\n"

STELLARIUM: dict[str, Any] = {
    "defaultListOlud": "{a}",
    "observingLists": {
        "{a}": {
            "name": "Winter",
            "objects": [
                {
                    "designation": "M 42",
                    "name": "Great Orion Nebula",
                    "type": "Nebula",
                    "objtype": "HII region",
                    "ra": "5h35m17.3s",
                    "dec": "-5°23'28\"",
                },
                {"designation": "Jupiter", "type": "Planet", "ra": "4h1m2.0s", "dec": "+20°3'1\""},
            ],
        }
    },
    "shortName": "Observing list for Stellarium",
    "version": "2.1",
}
BOOKMARKS: dict[str, Any] = {
    "bookmarks": {
        "{b}": {"name": "NGC 281", "nameI18n": "", "ra": "0h52m59s", "dec": "+56d37m19s", "fov": 1.0}
    }
}
_TYPE = "NINA.Sequencer"
NINA: dict[str, Any] = {
    "$id": "1",
    "$type": f"{_TYPE}.Container.DeepSkyObjectContainer, NINA.Sequencer",
    "Target": {
        "$type": "NINA.Astrometry.InputTarget, NINA.Astrometry",
        "TargetName": "M 42",
        "PositionAngle": 123.4,
        "InputCoordinates": {
            "RAHours": 5,
            "RAMinutes": 35,
            "RASeconds": 17.0,
            "NegativeDec": True,
            "DecDegrees": -5,
            "DecMinutes": 23,
            "DecSeconds": 28.0,
        },
    },
    "Items": {
        "$values": [
            {
                "$type": f"{_TYPE}.SequenceItem.Imaging.SmartExposure, NINA.Sequencer",
                "Conditions": {
                    "$values": [{"$type": f"{_TYPE}.Conditions.LoopCondition, X", "Iterations": 40}]
                },
                "Items": {
                    "$values": [
                        {
                            "$type": f"{_TYPE}.SequenceItem.Imaging.TakeExposure, NINA.Sequencer",
                            "ExposureTime": 60.0,
                            "ImageType": "LIGHT",
                        }
                    ]
                },
            }
        ]
    },
}
NINA_XML = """<?xml version="1.0" encoding="utf-8"?>
<ArrayOfCaptureSequenceList xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <CaptureSequenceList TargetName="M 42" RAHours="5" RAMinutes="35" RASeconds="17" NegativeDec="true"
    DecDegrees="5" DecMinutes="23" DecSeconds="28">
    <CaptureSequence><ExposureTime>30</ExposureTime><TotalExposureCount>50</TotalExposureCount></CaptureSequence>
    <PositionAngle>0</PositionAngle>
  </CaptureSequenceList>
</ArrayOfCaptureSequenceList>
"""
PROJECTS: list[dict[str, Any]] = [
    {
        "Id": 1,
        "ProfileId": "p",
        "Name": "Orion",
        "State": "Active",
        "IsMosaic": True,
        "Targets": [
            {
                "Name": "M 42 Panel 1",
                "Enabled": True,
                "RA": 5.49,
                "Dec": -5.9,
                "Epoch": 2,
                "Rotation": 0,
                "ExposurePlans": [{"Exposure": 30, "Desired": 100, "Accepted": 40, "IsEnabled": True}],
            },
            {
                "Name": "M 42 Panel 2",
                "Enabled": True,
                "RA": 5.69,
                "Dec": -5.9,
                "Epoch": 2,
                "ExposurePlans": [],
            },
            {"Name": "M 42 Panel 3", "Enabled": False, "RA": 5.69, "Dec": -6.9, "Epoch": 2},
        ],
    },
    {"Id": 2, "ProfileId": "p", "Name": "Old", "State": "Closed", "IsMosaic": False, "Targets": []},
]
EKOS = """<?xml version="1.0" encoding="UTF-8"?>
<SchedulerList version='2.2'>
<Profile>Simulators</Profile>
<Job>
<JobType lead='true'/>
<Name>M 31 &amp; M 110</Name>
<Group>Autumn</Group>
<Coordinates><J2000RA>0.7123</J2000RA><J2000DE>41.269</J2000DE></Coordinates>
<PositionAngle>0</PositionAngle>
<Sequence>/home/me/M31 & co.esq</Sequence>
<StartupCondition><Condition value='2026-11-22T23:30:00'>At</Condition></StartupCondition>
<Constraints>
<Constraint value='30'>MinimumAltitude</Constraint>
<Constraint value='20'>MoonSeparation</Constraint>
<Constraint>EnforceTwilight</Constraint>
</Constraints>
<CompletionCondition><Condition value='3'>Repeat</Condition></CompletionCondition>
</Job>
<Job><JobType lead='false'/><Sequence>/home/me/flats.esq</Sequence></Job>
</SchedulerList>
"""
UPTONIGHT: dict[str, Any] = {
    "id": {"0": "M 31", "1": "NGC 281"},
    "target name": {"0": "Andromeda Galaxy", "1": "Pacman Nebula"},
    "meridian transit": {"0": "", "1": ""},
    "type": {"0": "Galaxy", "1": "HII"},
    "foto": {"0": 0.9, "1": 0.8},
}
BODIES: list[dict[str, Any]] = [
    {"target name": "Jupiter", "hmsdms": "04h01m02s +20d03m01s", "visual magnitude": -2.5, "foto": 0.9},
    {"target name": "C/2023 A3", "hmsdms": "04h01m02s +20d03m01s", "absolute magnitude": 6.0},
]
HORIZON = "# my garden\n0 15\n90 30.5\n180 10\n180 12\n270 5\n360 15\n"


SESSION: dict[str, Any] = {
    "id_command": {
        "uuid": "7",
        "description": "mine",
        "time": "22:00:00",
        "process": "ended",
        "result": True,
    },
    "auto_focus": {"do_action": False},
    "goto_manual": {"do_action": True, "target": "M 1", "wait_after": 30},
    "setup_camera": {"do_action": True, "exposure": "30", "gain": 60, "IRCut": "1", "count": 40},
    "conditions": {"do_action": True, "min_altitude": 25},
    "result_details": {"outcome": "completed"},
}


def text(value: object) -> bytes:
    return json.dumps(value).encode()


FILES: dict[str, bytes] = {
    "mosaic.csv": MOSAIC.encode(),
    "list.csv": LIST.encode("utf-8-sig"),
    "table.csv": TABLE.encode("utf-16"),
    "scheduler.csv": SCHEDULER_TABLE.encode(),
    "winter.sol": text(STELLARIUM),
    "bookmarks.json": text(BOOKMARKS),
    "m42.json": text(NINA),
    "set.ninaTargetSet": NINA_XML.encode(),
    "projects.json": text(PROJECTS),
    "night.esl": EKOS.encode(),
    "uptonight-report.json": text(UPTONIGHT),
    "uptonight-bodies-report.json": text(BODIES),
    "garden.hrz": HORIZON.encode(),
}
