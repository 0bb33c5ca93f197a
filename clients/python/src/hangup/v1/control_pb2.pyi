from google.rpc import status_pb2 as _status_pb2
from hangup.v1 import capture_pb2 as _capture_pb2
from hangup.v1 import daemon_pb2 as _daemon_pb2
from hangup.v1 import event_pb2 as _event_pb2
from hangup.v1 import listener_pb2 as _listener_pb2
from hangup.v1 import scope_pb2 as _scope_pb2
from hangup.v1 import session_pb2 as _session_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ControlRequest(_message.Message):
    __slots__ = ("id", "create_listener", "get_listener", "list_listeners", "update_listener", "delete_listener", "open_session", "get_session", "list_sessions", "wait_session", "send_data", "receive_data", "close_session", "half_close_session", "reset_session", "perform_action", "signal_plan", "list_events", "start_capture", "stop_capture", "get_packets", "create_scope", "delete_scope", "list_scopes", "get_info", "cancel")
    ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_LISTENER_FIELD_NUMBER: _ClassVar[int]
    GET_LISTENER_FIELD_NUMBER: _ClassVar[int]
    LIST_LISTENERS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_LISTENER_FIELD_NUMBER: _ClassVar[int]
    DELETE_LISTENER_FIELD_NUMBER: _ClassVar[int]
    OPEN_SESSION_FIELD_NUMBER: _ClassVar[int]
    GET_SESSION_FIELD_NUMBER: _ClassVar[int]
    LIST_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    WAIT_SESSION_FIELD_NUMBER: _ClassVar[int]
    SEND_DATA_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_DATA_FIELD_NUMBER: _ClassVar[int]
    CLOSE_SESSION_FIELD_NUMBER: _ClassVar[int]
    HALF_CLOSE_SESSION_FIELD_NUMBER: _ClassVar[int]
    RESET_SESSION_FIELD_NUMBER: _ClassVar[int]
    PERFORM_ACTION_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_PLAN_FIELD_NUMBER: _ClassVar[int]
    LIST_EVENTS_FIELD_NUMBER: _ClassVar[int]
    START_CAPTURE_FIELD_NUMBER: _ClassVar[int]
    STOP_CAPTURE_FIELD_NUMBER: _ClassVar[int]
    GET_PACKETS_FIELD_NUMBER: _ClassVar[int]
    CREATE_SCOPE_FIELD_NUMBER: _ClassVar[int]
    DELETE_SCOPE_FIELD_NUMBER: _ClassVar[int]
    LIST_SCOPES_FIELD_NUMBER: _ClassVar[int]
    GET_INFO_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    id: int
    create_listener: _listener_pb2.CreateListenerRequest
    get_listener: _listener_pb2.GetListenerRequest
    list_listeners: _listener_pb2.ListListenersRequest
    update_listener: _listener_pb2.UpdateListenerRequest
    delete_listener: _listener_pb2.DeleteListenerRequest
    open_session: _session_pb2.OpenSessionRequest
    get_session: _session_pb2.GetSessionRequest
    list_sessions: _session_pb2.ListSessionsRequest
    wait_session: _session_pb2.WaitSessionRequest
    send_data: _session_pb2.SendDataRequest
    receive_data: _session_pb2.ReceiveDataRequest
    close_session: _session_pb2.CloseSessionRequest
    half_close_session: _session_pb2.HalfCloseSessionRequest
    reset_session: _session_pb2.ResetSessionRequest
    perform_action: _session_pb2.PerformActionRequest
    signal_plan: _session_pb2.SignalPlanRequest
    list_events: _event_pb2.ListEventsRequest
    start_capture: _capture_pb2.StartCaptureRequest
    stop_capture: _capture_pb2.StopCaptureRequest
    get_packets: _capture_pb2.GetPacketsRequest
    create_scope: _scope_pb2.CreateScopeRequest
    delete_scope: _scope_pb2.DeleteScopeRequest
    list_scopes: _scope_pb2.ListScopesRequest
    get_info: _daemon_pb2.GetInfoRequest
    cancel: CancelCall
    def __init__(self, id: _Optional[int] = ..., create_listener: _Optional[_Union[_listener_pb2.CreateListenerRequest, _Mapping]] = ..., get_listener: _Optional[_Union[_listener_pb2.GetListenerRequest, _Mapping]] = ..., list_listeners: _Optional[_Union[_listener_pb2.ListListenersRequest, _Mapping]] = ..., update_listener: _Optional[_Union[_listener_pb2.UpdateListenerRequest, _Mapping]] = ..., delete_listener: _Optional[_Union[_listener_pb2.DeleteListenerRequest, _Mapping]] = ..., open_session: _Optional[_Union[_session_pb2.OpenSessionRequest, _Mapping]] = ..., get_session: _Optional[_Union[_session_pb2.GetSessionRequest, _Mapping]] = ..., list_sessions: _Optional[_Union[_session_pb2.ListSessionsRequest, _Mapping]] = ..., wait_session: _Optional[_Union[_session_pb2.WaitSessionRequest, _Mapping]] = ..., send_data: _Optional[_Union[_session_pb2.SendDataRequest, _Mapping]] = ..., receive_data: _Optional[_Union[_session_pb2.ReceiveDataRequest, _Mapping]] = ..., close_session: _Optional[_Union[_session_pb2.CloseSessionRequest, _Mapping]] = ..., half_close_session: _Optional[_Union[_session_pb2.HalfCloseSessionRequest, _Mapping]] = ..., reset_session: _Optional[_Union[_session_pb2.ResetSessionRequest, _Mapping]] = ..., perform_action: _Optional[_Union[_session_pb2.PerformActionRequest, _Mapping]] = ..., signal_plan: _Optional[_Union[_session_pb2.SignalPlanRequest, _Mapping]] = ..., list_events: _Optional[_Union[_event_pb2.ListEventsRequest, _Mapping]] = ..., start_capture: _Optional[_Union[_capture_pb2.StartCaptureRequest, _Mapping]] = ..., stop_capture: _Optional[_Union[_capture_pb2.StopCaptureRequest, _Mapping]] = ..., get_packets: _Optional[_Union[_capture_pb2.GetPacketsRequest, _Mapping]] = ..., create_scope: _Optional[_Union[_scope_pb2.CreateScopeRequest, _Mapping]] = ..., delete_scope: _Optional[_Union[_scope_pb2.DeleteScopeRequest, _Mapping]] = ..., list_scopes: _Optional[_Union[_scope_pb2.ListScopesRequest, _Mapping]] = ..., get_info: _Optional[_Union[_daemon_pb2.GetInfoRequest, _Mapping]] = ..., cancel: _Optional[_Union[CancelCall, _Mapping]] = ...) -> None: ...

class CancelCall(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ControlResponse(_message.Message):
    __slots__ = ("id", "create_listener", "get_listener", "list_listeners", "update_listener", "delete_listener", "open_session", "get_session", "list_sessions", "wait_session", "send_data", "receive_data", "close_session", "half_close_session", "reset_session", "perform_action", "signal_plan", "list_events", "start_capture", "stop_capture", "get_packets", "create_scope", "delete_scope", "list_scopes", "get_info", "error")
    ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_LISTENER_FIELD_NUMBER: _ClassVar[int]
    GET_LISTENER_FIELD_NUMBER: _ClassVar[int]
    LIST_LISTENERS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_LISTENER_FIELD_NUMBER: _ClassVar[int]
    DELETE_LISTENER_FIELD_NUMBER: _ClassVar[int]
    OPEN_SESSION_FIELD_NUMBER: _ClassVar[int]
    GET_SESSION_FIELD_NUMBER: _ClassVar[int]
    LIST_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    WAIT_SESSION_FIELD_NUMBER: _ClassVar[int]
    SEND_DATA_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_DATA_FIELD_NUMBER: _ClassVar[int]
    CLOSE_SESSION_FIELD_NUMBER: _ClassVar[int]
    HALF_CLOSE_SESSION_FIELD_NUMBER: _ClassVar[int]
    RESET_SESSION_FIELD_NUMBER: _ClassVar[int]
    PERFORM_ACTION_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_PLAN_FIELD_NUMBER: _ClassVar[int]
    LIST_EVENTS_FIELD_NUMBER: _ClassVar[int]
    START_CAPTURE_FIELD_NUMBER: _ClassVar[int]
    STOP_CAPTURE_FIELD_NUMBER: _ClassVar[int]
    GET_PACKETS_FIELD_NUMBER: _ClassVar[int]
    CREATE_SCOPE_FIELD_NUMBER: _ClassVar[int]
    DELETE_SCOPE_FIELD_NUMBER: _ClassVar[int]
    LIST_SCOPES_FIELD_NUMBER: _ClassVar[int]
    GET_INFO_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    id: int
    create_listener: _listener_pb2.CreateListenerResponse
    get_listener: _listener_pb2.GetListenerResponse
    list_listeners: _listener_pb2.ListListenersResponse
    update_listener: _listener_pb2.UpdateListenerResponse
    delete_listener: _listener_pb2.DeleteListenerResponse
    open_session: _session_pb2.OpenSessionResponse
    get_session: _session_pb2.GetSessionResponse
    list_sessions: _session_pb2.ListSessionsResponse
    wait_session: _session_pb2.WaitSessionResponse
    send_data: _session_pb2.SendDataResponse
    receive_data: _session_pb2.ReceiveDataResponse
    close_session: _session_pb2.CloseSessionResponse
    half_close_session: _session_pb2.HalfCloseSessionResponse
    reset_session: _session_pb2.ResetSessionResponse
    perform_action: _session_pb2.PerformActionResponse
    signal_plan: _session_pb2.SignalPlanResponse
    list_events: _event_pb2.ListEventsResponse
    start_capture: _capture_pb2.StartCaptureResponse
    stop_capture: _capture_pb2.StopCaptureResponse
    get_packets: _capture_pb2.GetPacketsResponse
    create_scope: _scope_pb2.CreateScopeResponse
    delete_scope: _scope_pb2.DeleteScopeResponse
    list_scopes: _scope_pb2.ListScopesResponse
    get_info: _daemon_pb2.GetInfoResponse
    error: _status_pb2.Status
    def __init__(self, id: _Optional[int] = ..., create_listener: _Optional[_Union[_listener_pb2.CreateListenerResponse, _Mapping]] = ..., get_listener: _Optional[_Union[_listener_pb2.GetListenerResponse, _Mapping]] = ..., list_listeners: _Optional[_Union[_listener_pb2.ListListenersResponse, _Mapping]] = ..., update_listener: _Optional[_Union[_listener_pb2.UpdateListenerResponse, _Mapping]] = ..., delete_listener: _Optional[_Union[_listener_pb2.DeleteListenerResponse, _Mapping]] = ..., open_session: _Optional[_Union[_session_pb2.OpenSessionResponse, _Mapping]] = ..., get_session: _Optional[_Union[_session_pb2.GetSessionResponse, _Mapping]] = ..., list_sessions: _Optional[_Union[_session_pb2.ListSessionsResponse, _Mapping]] = ..., wait_session: _Optional[_Union[_session_pb2.WaitSessionResponse, _Mapping]] = ..., send_data: _Optional[_Union[_session_pb2.SendDataResponse, _Mapping]] = ..., receive_data: _Optional[_Union[_session_pb2.ReceiveDataResponse, _Mapping]] = ..., close_session: _Optional[_Union[_session_pb2.CloseSessionResponse, _Mapping]] = ..., half_close_session: _Optional[_Union[_session_pb2.HalfCloseSessionResponse, _Mapping]] = ..., reset_session: _Optional[_Union[_session_pb2.ResetSessionResponse, _Mapping]] = ..., perform_action: _Optional[_Union[_session_pb2.PerformActionResponse, _Mapping]] = ..., signal_plan: _Optional[_Union[_session_pb2.SignalPlanResponse, _Mapping]] = ..., list_events: _Optional[_Union[_event_pb2.ListEventsResponse, _Mapping]] = ..., start_capture: _Optional[_Union[_capture_pb2.StartCaptureResponse, _Mapping]] = ..., stop_capture: _Optional[_Union[_capture_pb2.StopCaptureResponse, _Mapping]] = ..., get_packets: _Optional[_Union[_capture_pb2.GetPacketsResponse, _Mapping]] = ..., create_scope: _Optional[_Union[_scope_pb2.CreateScopeResponse, _Mapping]] = ..., delete_scope: _Optional[_Union[_scope_pb2.DeleteScopeResponse, _Mapping]] = ..., list_scopes: _Optional[_Union[_scope_pb2.ListScopesResponse, _Mapping]] = ..., get_info: _Optional[_Union[_daemon_pb2.GetInfoResponse, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...
