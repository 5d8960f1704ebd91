from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BleErrorReport(_message.Message):
    __slots__ = ("cmd", "code")
    CMD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    code: int
    def __init__(self, cmd: _Optional[int] = ..., code: _Optional[int] = ...) -> None: ...

class BleGetConfig(_message.Message):
    __slots__ = ("cmd", "ble_psd", "client_id")
    CMD_FIELD_NUMBER: _ClassVar[int]
    BLE_PSD_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    ble_psd: str
    client_id: str
    def __init__(self, cmd: _Optional[int] = ..., ble_psd: _Optional[str] = ..., client_id: _Optional[str] = ...) -> None: ...

class BleConfigAnswer(_message.Message):
    __slots__ = ("cmd", "code", "state", "wifi_mode", "ap_mode", "auto_start", "ap_country_list", "ssid", "psd", "ip", "ap_country")
    CMD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    WIFI_MODE_FIELD_NUMBER: _ClassVar[int]
    AP_MODE_FIELD_NUMBER: _ClassVar[int]
    AUTO_START_FIELD_NUMBER: _ClassVar[int]
    AP_COUNTRY_LIST_FIELD_NUMBER: _ClassVar[int]
    SSID_FIELD_NUMBER: _ClassVar[int]
    PSD_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    AP_COUNTRY_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    code: int
    state: int
    wifi_mode: int
    ap_mode: int
    auto_start: int
    ap_country_list: str
    ssid: str
    psd: str
    ip: str
    ap_country: str
    def __init__(self, cmd: _Optional[int] = ..., code: _Optional[int] = ..., state: _Optional[int] = ..., wifi_mode: _Optional[int] = ..., ap_mode: _Optional[int] = ..., auto_start: _Optional[int] = ..., ap_country_list: _Optional[str] = ..., ssid: _Optional[str] = ..., psd: _Optional[str] = ..., ip: _Optional[str] = ..., ap_country: _Optional[str] = ...) -> None: ...

class BleSetAccessPoint(_message.Message):
    __slots__ = ("cmd", "wifi_type", "auto_start", "country_list", "country", "ble_psd", "client_id", "force_restart")
    CMD_FIELD_NUMBER: _ClassVar[int]
    WIFI_TYPE_FIELD_NUMBER: _ClassVar[int]
    AUTO_START_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_LIST_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    BLE_PSD_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    FORCE_RESTART_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    wifi_type: int
    auto_start: int
    country_list: int
    country: str
    ble_psd: str
    client_id: str
    force_restart: bool
    def __init__(self, cmd: _Optional[int] = ..., wifi_type: _Optional[int] = ..., auto_start: _Optional[int] = ..., country_list: _Optional[int] = ..., country: _Optional[str] = ..., ble_psd: _Optional[str] = ..., client_id: _Optional[str] = ..., force_restart: bool = ...) -> None: ...

class BleAccessPointAnswer(_message.Message):
    __slots__ = ("cmd", "code", "mode", "ssid", "psd")
    CMD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    SSID_FIELD_NUMBER: _ClassVar[int]
    PSD_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    code: int
    mode: int
    ssid: str
    psd: str
    def __init__(self, cmd: _Optional[int] = ..., code: _Optional[int] = ..., mode: _Optional[int] = ..., ssid: _Optional[str] = ..., psd: _Optional[str] = ...) -> None: ...

class BleSetStation(_message.Message):
    __slots__ = ("cmd", "auto_start", "ble_psd", "ssid", "psd", "client_id")
    CMD_FIELD_NUMBER: _ClassVar[int]
    AUTO_START_FIELD_NUMBER: _ClassVar[int]
    BLE_PSD_FIELD_NUMBER: _ClassVar[int]
    SSID_FIELD_NUMBER: _ClassVar[int]
    PSD_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    auto_start: int
    ble_psd: str
    ssid: str
    psd: str
    client_id: str
    def __init__(self, cmd: _Optional[int] = ..., auto_start: _Optional[int] = ..., ble_psd: _Optional[str] = ..., ssid: _Optional[str] = ..., psd: _Optional[str] = ..., client_id: _Optional[str] = ...) -> None: ...

class BleStationAnswer(_message.Message):
    __slots__ = ("cmd", "code", "ssid", "psd", "ip")
    CMD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    SSID_FIELD_NUMBER: _ClassVar[int]
    PSD_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    code: int
    ssid: str
    psd: str
    ip: str
    def __init__(self, cmd: _Optional[int] = ..., code: _Optional[int] = ..., ssid: _Optional[str] = ..., psd: _Optional[str] = ..., ip: _Optional[str] = ...) -> None: ...

class BleRename(_message.Message):
    __slots__ = ("cmd", "mode", "ble_psd", "value")
    CMD_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    BLE_PSD_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    mode: int
    ble_psd: str
    value: str
    def __init__(self, cmd: _Optional[int] = ..., mode: _Optional[int] = ..., ble_psd: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class BleRenameAnswer(_message.Message):
    __slots__ = ("cmd", "code", "mode", "value")
    CMD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    code: int
    mode: int
    value: str
    def __init__(self, cmd: _Optional[int] = ..., code: _Optional[int] = ..., mode: _Optional[int] = ..., value: _Optional[str] = ...) -> None: ...

class BleCommand(_message.Message):
    __slots__ = ("cmd",)
    CMD_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    def __init__(self, cmd: _Optional[int] = ...) -> None: ...

class BleAnswer(_message.Message):
    __slots__ = ("cmd", "code")
    CMD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    code: int
    def __init__(self, cmd: _Optional[int] = ..., code: _Optional[int] = ...) -> None: ...

class BleWifiNetwork(_message.Message):
    __slots__ = ("signal", "ssid", "security")
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    SSID_FIELD_NUMBER: _ClassVar[int]
    SECURITY_FIELD_NUMBER: _ClassVar[int]
    signal: int
    ssid: str
    security: int
    def __init__(self, signal: _Optional[int] = ..., ssid: _Optional[str] = ..., security: _Optional[int] = ...) -> None: ...

class BleWifiListAnswer(_message.Message):
    __slots__ = ("cmd", "code", "ssid", "networks")
    CMD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    SSID_FIELD_NUMBER: _ClassVar[int]
    NETWORKS_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    code: int
    ssid: _containers.RepeatedScalarFieldContainer[str]
    networks: _containers.RepeatedCompositeFieldContainer[BleWifiNetwork]
    def __init__(self, cmd: _Optional[int] = ..., code: _Optional[int] = ..., ssid: _Optional[_Iterable[str]] = ..., networks: _Optional[_Iterable[_Union[BleWifiNetwork, _Mapping]]] = ...) -> None: ...

class BleSystemInfoAnswer(_message.Message):
    __slots__ = ("cmd", "code", "protocol_version", "device", "mac", "firmware_version")
    CMD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    MAC_FIELD_NUMBER: _ClassVar[int]
    FIRMWARE_VERSION_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    code: int
    protocol_version: int
    device: str
    mac: str
    firmware_version: str
    def __init__(self, cmd: _Optional[int] = ..., code: _Optional[int] = ..., protocol_version: _Optional[int] = ..., device: _Optional[str] = ..., mac: _Optional[str] = ..., firmware_version: _Optional[str] = ...) -> None: ...

class BleCheckFile(_message.Message):
    __slots__ = ("cmd", "path", "md5")
    CMD_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    MD5_FIELD_NUMBER: _ClassVar[int]
    cmd: int
    path: str
    md5: str
    def __init__(self, cmd: _Optional[int] = ..., path: _Optional[str] = ..., md5: _Optional[str] = ...) -> None: ...
