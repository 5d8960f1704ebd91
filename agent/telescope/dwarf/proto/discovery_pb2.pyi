from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DiscoveryPing(_message.Message):
    __slots__ = ("vocaltype", "timestamp", "magic", "addresses", "masks")
    VOCALTYPE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    MASKS_FIELD_NUMBER: _ClassVar[int]
    vocaltype: int
    timestamp: int
    magic: bytes
    addresses: _containers.RepeatedScalarFieldContainer[bytes]
    masks: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, vocaltype: _Optional[int] = ..., timestamp: _Optional[int] = ..., magic: _Optional[bytes] = ..., addresses: _Optional[_Iterable[bytes]] = ..., masks: _Optional[_Iterable[bytes]] = ...) -> None: ...

class DiscoveryEcho(_message.Message):
    __slots__ = ("vocaltype", "timestamp", "magic", "ts_ping", "mac", "model", "sn", "name", "psw", "fw_version", "ws_scheme", "session", "ap", "sta")
    class Model(_message.Message):
        __slots__ = ("family", "revision")
        FAMILY_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        family: int
        revision: int
        def __init__(self, family: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...
    class AccessPoint(_message.Message):
        __slots__ = ("ifname", "mode", "country", "ssid", "sec", "psw", "ipv4", "ipv6")
        IFNAME_FIELD_NUMBER: _ClassVar[int]
        MODE_FIELD_NUMBER: _ClassVar[int]
        COUNTRY_FIELD_NUMBER: _ClassVar[int]
        SSID_FIELD_NUMBER: _ClassVar[int]
        SEC_FIELD_NUMBER: _ClassVar[int]
        PSW_FIELD_NUMBER: _ClassVar[int]
        IPV4_FIELD_NUMBER: _ClassVar[int]
        IPV6_FIELD_NUMBER: _ClassVar[int]
        ifname: str
        mode: int
        country: str
        ssid: str
        sec: int
        psw: str
        ipv4: bytes
        ipv6: bytes
        def __init__(self, ifname: _Optional[str] = ..., mode: _Optional[int] = ..., country: _Optional[str] = ..., ssid: _Optional[str] = ..., sec: _Optional[int] = ..., psw: _Optional[str] = ..., ipv4: _Optional[bytes] = ..., ipv6: _Optional[bytes] = ...) -> None: ...
    class Station(_message.Message):
        __slots__ = ("ifname", "ssid", "psw", "rssi", "ipv4", "ipv6")
        IFNAME_FIELD_NUMBER: _ClassVar[int]
        SSID_FIELD_NUMBER: _ClassVar[int]
        PSW_FIELD_NUMBER: _ClassVar[int]
        RSSI_FIELD_NUMBER: _ClassVar[int]
        IPV4_FIELD_NUMBER: _ClassVar[int]
        IPV6_FIELD_NUMBER: _ClassVar[int]
        ifname: str
        ssid: str
        psw: str
        rssi: int
        ipv4: bytes
        ipv6: bytes
        def __init__(self, ifname: _Optional[str] = ..., ssid: _Optional[str] = ..., psw: _Optional[str] = ..., rssi: _Optional[int] = ..., ipv4: _Optional[bytes] = ..., ipv6: _Optional[bytes] = ...) -> None: ...
    VOCALTYPE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    MAGIC_FIELD_NUMBER: _ClassVar[int]
    TS_PING_FIELD_NUMBER: _ClassVar[int]
    MAC_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SN_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PSW_FIELD_NUMBER: _ClassVar[int]
    FW_VERSION_FIELD_NUMBER: _ClassVar[int]
    WS_SCHEME_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    AP_FIELD_NUMBER: _ClassVar[int]
    STA_FIELD_NUMBER: _ClassVar[int]
    vocaltype: int
    timestamp: int
    magic: bytes
    ts_ping: int
    mac: bytes
    model: DiscoveryEcho.Model
    sn: str
    name: str
    psw: str
    fw_version: str
    ws_scheme: str
    session: int
    ap: DiscoveryEcho.AccessPoint
    sta: DiscoveryEcho.Station
    def __init__(self, vocaltype: _Optional[int] = ..., timestamp: _Optional[int] = ..., magic: _Optional[bytes] = ..., ts_ping: _Optional[int] = ..., mac: _Optional[bytes] = ..., model: _Optional[_Union[DiscoveryEcho.Model, _Mapping]] = ..., sn: _Optional[str] = ..., name: _Optional[str] = ..., psw: _Optional[str] = ..., fw_version: _Optional[str] = ..., ws_scheme: _Optional[str] = ..., session: _Optional[int] = ..., ap: _Optional[_Union[DiscoveryEcho.AccessPoint, _Mapping]] = ..., sta: _Optional[_Union[DiscoveryEcho.Station, _Mapping]] = ...) -> None: ...
