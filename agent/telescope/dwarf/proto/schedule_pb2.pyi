from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ScheduledTask(_message.Message):
    __slots__ = ("schedule_id", "params", "state", "code", "created", "updated", "id", "param_mode", "param_version", "create_from")
    SCHEDULE_ID_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PARAM_MODE_FIELD_NUMBER: _ClassVar[int]
    PARAM_VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATE_FROM_FIELD_NUMBER: _ClassVar[int]
    schedule_id: str
    params: str
    state: int
    code: int
    created: int
    updated: int
    id: str
    param_mode: int
    param_version: int
    create_from: int
    def __init__(self, schedule_id: _Optional[str] = ..., params: _Optional[str] = ..., state: _Optional[int] = ..., code: _Optional[int] = ..., created: _Optional[int] = ..., updated: _Optional[int] = ..., id: _Optional[str] = ..., param_mode: _Optional[int] = ..., param_version: _Optional[int] = ..., create_from: _Optional[int] = ...) -> None: ...

class Schedule(_message.Message):
    __slots__ = ("id", "name", "device_id", "mac", "start", "end", "result", "created", "updated", "state", "lock", "password", "tasks", "param_mode", "param_version", "params", "schedule_time", "sync_state")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    MAC_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LOCK_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    PARAM_MODE_FIELD_NUMBER: _ClassVar[int]
    PARAM_VERSION_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_TIME_FIELD_NUMBER: _ClassVar[int]
    SYNC_STATE_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    device_id: int
    mac: str
    start: int
    end: int
    result: int
    created: int
    updated: int
    state: int
    lock: int
    password: str
    tasks: _containers.RepeatedCompositeFieldContainer[ScheduledTask]
    param_mode: int
    param_version: int
    params: str
    schedule_time: int
    sync_state: int
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., device_id: _Optional[int] = ..., mac: _Optional[str] = ..., start: _Optional[int] = ..., end: _Optional[int] = ..., result: _Optional[int] = ..., created: _Optional[int] = ..., updated: _Optional[int] = ..., state: _Optional[int] = ..., lock: _Optional[int] = ..., password: _Optional[str] = ..., tasks: _Optional[_Iterable[_Union[ScheduledTask, _Mapping]]] = ..., param_mode: _Optional[int] = ..., param_version: _Optional[int] = ..., params: _Optional[str] = ..., schedule_time: _Optional[int] = ..., sync_state: _Optional[int] = ...) -> None: ...

class GiveSchedule(_message.Message):
    __slots__ = ("schedule",)
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    schedule: Schedule
    def __init__(self, schedule: _Optional[_Union[Schedule, _Mapping]] = ...) -> None: ...

class SyncScheduleAnswer(_message.Message):
    __slots__ = ("schedule", "conflicts", "code", "can_replace")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    CONFLICTS_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    CAN_REPLACE_FIELD_NUMBER: _ClassVar[int]
    schedule: Schedule
    conflicts: _containers.RepeatedScalarFieldContainer[str]
    code: int
    can_replace: bool
    def __init__(self, schedule: _Optional[_Union[Schedule, _Mapping]] = ..., conflicts: _Optional[_Iterable[str]] = ..., code: _Optional[int] = ..., can_replace: bool = ...) -> None: ...

class ReplaceScheduleAnswer(_message.Message):
    __slots__ = ("schedule", "replaced", "code")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    REPLACED_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    schedule: Schedule
    replaced: _containers.RepeatedCompositeFieldContainer[Schedule]
    code: int
    def __init__(self, schedule: _Optional[_Union[Schedule, _Mapping]] = ..., replaced: _Optional[_Iterable[_Union[Schedule, _Mapping]]] = ..., code: _Optional[int] = ...) -> None: ...

class NameSchedule(_message.Message):
    __slots__ = ("id", "password")
    ID_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    id: str
    password: str
    def __init__(self, id: _Optional[str] = ..., password: _Optional[str] = ...) -> None: ...

class NamedScheduleAnswer(_message.Message):
    __slots__ = ("id", "code")
    ID_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    id: str
    code: int
    def __init__(self, id: _Optional[str] = ..., code: _Optional[int] = ...) -> None: ...

class LockScheduleAnswer(_message.Message):
    __slots__ = ("id", "password", "code")
    ID_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    id: str
    password: str
    code: int
    def __init__(self, id: _Optional[str] = ..., password: _Optional[str] = ..., code: _Optional[int] = ...) -> None: ...

class SchedulesAnswer(_message.Message):
    __slots__ = ("schedules", "code")
    SCHEDULES_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    schedules: _containers.RepeatedCompositeFieldContainer[Schedule]
    code: int
    def __init__(self, schedules: _Optional[_Iterable[_Union[Schedule, _Mapping]]] = ..., code: _Optional[int] = ...) -> None: ...

class ScheduleAnswer(_message.Message):
    __slots__ = ("schedule", "code")
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    schedule: Schedule
    code: int
    def __init__(self, schedule: _Optional[_Union[Schedule, _Mapping]] = ..., code: _Optional[int] = ...) -> None: ...

class ScheduledTaskAnswer(_message.Message):
    __slots__ = ("task", "code")
    TASK_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    task: ScheduledTask
    code: int
    def __init__(self, task: _Optional[_Union[ScheduledTask, _Mapping]] = ..., code: _Optional[int] = ...) -> None: ...

class ScheduleChanged(_message.Message):
    __slots__ = ("id", "result", "state")
    ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    id: str
    result: int
    state: int
    def __init__(self, id: _Optional[str] = ..., result: _Optional[int] = ..., state: _Optional[int] = ...) -> None: ...

class ScheduledTaskChanged(_message.Message):
    __slots__ = ("id", "state", "code")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    id: str
    state: int
    code: int
    def __init__(self, id: _Optional[str] = ..., state: _Optional[int] = ..., code: _Optional[int] = ...) -> None: ...
