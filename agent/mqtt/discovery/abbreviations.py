"""Home Assistant's short key names, for the keys we publish: they halve the message."""

from __future__ import annotations

from typing import Any

_KEYS = {
    "automation_type": "atype",
    "availability": "avty",
    "availability_mode": "avty_mode",
    "command_template": "cmd_tpl",
    "command_topic": "cmd_t",
    "components": "cmps",
    "content_type": "cont_type",
    "default_entity_id": "def_ent_id",
    "device": "dev",
    "device_class": "dev_cla",
    "enabled_by_default": "en",
    "entity_category": "ent_cat",
    "event_types": "evt_typ",
    "expire_after": "exp_aft",
    "icon": "ic",
    "image_topic": "img_t",
    "json_attributes_template": "json_attr_tpl",
    "json_attributes_topic": "json_attr_t",
    "options": "ops",
    "origin": "o",
    "payload": "pl",
    "payload_off": "pl_off",
    "payload_on": "pl_on",
    "payload_press": "pl_prs",
    "platform": "p",
    "state_class": "stat_cla",
    "state_off": "stat_off",
    "state_on": "stat_on",
    "state_topic": "stat_t",
    "subtype": "stype",
    "suggested_display_precision": "sug_dsp_prc",
    "topic": "t",
    "unique_id": "uniq_id",
    "unit_of_measurement": "unit_of_meas",
    "value_template": "val_tpl",
}
_DEVICE_KEYS = {
    "identifiers": "ids",
    "manufacturer": "mf",
    "model": "mdl",
    "model_id": "mdl_id",
    "serial_number": "sn",
    "sw_version": "sw",
}
_ORIGIN_KEYS = {"support_url": "url", "sw_version": "sw"}


def abbreviate(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a device message with short key names; component keys and values stay as they are."""
    short = _rename({key: value for key, value in payload.items() if key != "components"}, _KEYS)
    short["dev"] = _rename(payload["device"], _DEVICE_KEYS)
    short["o"] = _rename(payload["origin"], _ORIGIN_KEYS)
    short["cmps"] = {key: _component(part) for key, part in payload["components"].items()}
    if "availability" in payload:
        short["avty"] = [_rename(entry, _KEYS) for entry in payload["availability"]]
    return short


def _component(part: dict[str, Any]) -> dict[str, Any]:
    short = _rename(part, _KEYS)
    if "availability" in part:
        short["avty"] = [_rename(entry, _KEYS) for entry in part["availability"]]
    return short


def _rename(part: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(key, key): value for key, value in part.items()}
