use std::time::Duration;

use crate::v1::{self, control_request, control_response};

/// A request of the contract that the daemon answers once.
///
/// Implemented for every request of [`v1`] that has a reply of its own; only streams and `Shutdown` have not.
pub trait Request: Carried {
    /// What it is answered with.
    type Response: Send + 'static;

    #[doc(hidden)]
    fn reply(response: control_response::Response) -> Option<Self::Response>;
}

/// How a request goes over the control stream. Sealed: the contract says which requests there are.
pub trait Carried: Send + 'static {
    #[doc(hidden)]
    fn carried(self) -> control_request::Request;

    /// How long the daemon itself may take for it. None: it answers at once.
    #[doc(hidden)]
    fn may_take(&self) -> Duration {
        Duration::ZERO
    }
}

/// What an absent timeout means to the daemon.
const DEFAULT: Duration = Duration::from_secs(5);

fn given(timeout: Option<&prost_types::Duration>) -> Duration {
    timeout.and_then(|duration| Duration::try_from(*duration).ok()).unwrap_or(DEFAULT)
}

macro_rules! requests {
    ($($name:ident: $request:ident => $response:ident $(, |$it:ident| $may_take:expr)?;)*) => {$(
        impl Carried for v1::$request {
            fn carried(self) -> control_request::Request {
                control_request::Request::$name(self)
            }
            $(fn may_take(&self) -> Duration {
                let $it = self;
                $may_take
            })?
        }

        impl Request for v1::$request {
            type Response = v1::$response;

            fn reply(response: control_response::Response) -> Option<Self::Response> {
                match response {
                    control_response::Response::$name(reply) => Some(reply),
                    _ => None,
                }
            }
        }
    )*};
}

requests! {
    CreateListener: CreateListenerRequest => CreateListenerResponse;
    GetListener: GetListenerRequest => GetListenerResponse;
    ListListeners: ListListenersRequest => ListListenersResponse;
    UpdateListener: UpdateListenerRequest => UpdateListenerResponse;
    DeleteListener: DeleteListenerRequest => DeleteListenerResponse, |it| given(it.drain_timeout.as_ref()) + DEFAULT;
    OpenSession: OpenSessionRequest => OpenSessionResponse, |it| given(it.timeout.as_ref());
    GetSession: GetSessionRequest => GetSessionResponse;
    ListSessions: ListSessionsRequest => ListSessionsResponse;
    WaitSession: WaitSessionRequest => WaitSessionResponse, |it| given(it.timeout.as_ref());
    SendData: SendDataRequest => SendDataResponse, |it| given(it.flush_timeout.as_ref());
    ReceiveData: ReceiveDataRequest => ReceiveDataResponse, |it| given(it.timeout.as_ref());
    CloseSession: CloseSessionRequest => CloseSessionResponse, |it| given(it.flush_timeout.as_ref());
    HalfCloseSession: HalfCloseSessionRequest => HalfCloseSessionResponse, |it| given(it.flush_timeout.as_ref());
    ResetSession: ResetSessionRequest => ResetSessionResponse;
    // Some actions wait, each by a timeout of its own; five minutes is the longest that there is.
    PerformAction: PerformActionRequest => PerformActionResponse, |_it| Duration::from_secs(300);
    SignalPlan: SignalPlanRequest => SignalPlanResponse;
    ListEvents: ListEventsRequest => ListEventsResponse;
    StartCapture: StartCaptureRequest => StartCaptureResponse;
    StopCapture: StopCaptureRequest => StopCaptureResponse;
    GetPackets: GetPacketsRequest => GetPacketsResponse;
    CreateScope: CreateScopeRequest => CreateScopeResponse;
    DeleteScope: DeleteScopeRequest => DeleteScopeResponse;
    ListScopes: ListScopesRequest => ListScopesResponse;
    GetInfo: GetInfoRequest => GetInfoResponse;
}
