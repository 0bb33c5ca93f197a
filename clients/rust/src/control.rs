//! The control stream: all calls of the process over one stream, each with an id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Channel;
use tonic::Request;

use crate::error::{Code, Error, Result};
use crate::v1::control_service_client::ControlServiceClient;
use crate::v1::{control_request, control_response, CancelCall, ControlRequest, ControlResponse};
use crate::{io, rpc};

/// How much longer than the daemon itself would wait a call waits for its reply.
const GRACE: Duration = Duration::from_secs(10);

/// A daemon's replies are as large as what it is asked for: a report of a thousand listeners, a capture.
pub(crate) const MESSAGE_BYTES: usize = 256 << 20;

/// One stream. When it ends all its calls do, and it takes no more.
pub(crate) struct Control {
    requests: mpsc::UnboundedSender<ControlRequest>,
    calls: Mutex<Calls>,
}

#[derive(Default)]
struct Calls {
    last_id: u64,
    waiting: HashMap<u64, oneshot::Sender<Result<control_response::Response>>>,
    ended: Option<Error>,
}

impl Control {
    /// Opens a stream; `explain` makes an error of why it ended.
    pub(crate) fn open(
        channel: Channel,
        authorize: impl FnOnce(&mut tonic::metadata::MetadataMap) + Send + 'static,
        explain: impl Fn(&tonic::Status) -> Error + Send + 'static,
    ) -> Arc<Self> {
        let (requests, to_send) = mpsc::unbounded_channel();
        let control = Arc::new(Self { requests, calls: Mutex::default() });
        // Weak, so that the stream ends when nobody can call over it any more.
        let weak = Arc::downgrade(&control);
        io::spawn(async move {
            let mut request = Request::new(UnboundedReceiverStream::new(to_send));
            authorize(request.metadata_mut());
            let mut client = ControlServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES);
            let end = match client.control(request).await {
                Err(status) => status,
                Ok(response) => {
                    let mut replies = response.into_inner();
                    loop {
                        match replies.message().await {
                            Ok(Some(reply)) => match weak.upgrade() {
                                Some(control) => control.answered(reply),
                                None => return,
                            },
                            Ok(None) => break tonic::Status::unavailable("the daemon ended the control stream"),
                            Err(status) => break status,
                        }
                    }
                }
            };
            if let Some(control) = weak.upgrade() {
                control.end(explain(&end));
            }
        });
        control
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.calls().ended.is_some()
    }

    /// Makes a call. Dropping the future gives it up.
    pub(crate) async fn call(
        &self,
        request: control_request::Request,
        may_take: Duration,
    ) -> Result<control_response::Response> {
        let (answer, answered) = oneshot::channel();
        let call = {
            let mut calls = self.calls();
            if let Some(error) = &calls.ended {
                return Err(error.clone());
            }
            calls.last_id += 1;
            let id = calls.last_id;
            calls.waiting.insert(id, answer);
            // Under the lock, so that calls are sent in the order of their ids. It fails only when the stream has ended,
            // and then the call is answered by that.
            let _ = self.requests.send(ControlRequest { id, request: Some(request) });
            Call { control: self, id }
        };
        let reply = io::within(may_take + GRACE, answered).await;
        drop(call);
        match reply {
            Some(Ok(reply)) => reply,
            Some(Err(_)) => Err(Error::new(Code::Unavailable, "DAEMON_GONE", "the control stream has ended")),
            None => Err(Error::new(
                Code::DeadlineExceeded,
                "NO_ANSWER",
                format!("the daemon did not answer within {:?}: is it stopped?", may_take + GRACE),
            )),
        }
    }

    fn answered(&self, ControlResponse { id, response }: ControlResponse) {
        // None: it was given up.
        let Some(call) = self.calls().waiting.remove(&id) else { return };
        let _ = call.send(match response {
            Some(control_response::Response::Error(status)) => {
                Err(Error::of_status(&status).unwrap_or_else(|| without_reason(&status)))
            }
            Some(response) => Ok(response),
            None => Err(newer_daemon()),
        });
    }

    fn end(&self, error: Error) {
        let mut calls = self.calls();
        for (_, call) in calls.waiting.drain() {
            let _ = call.send(Err(error.clone()));
        }
        calls.ended = Some(error);
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, Calls> {
        // What a panic could interrupt changes nothing by halves.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call under way; it is given up when nobody waits for it any more.
struct Call<'a> {
    control: &'a Control,
    id: u64,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if self.control.calls().waiting.remove(&self.id).is_some() {
            let _ = self
                .control
                .requests
                .send(ControlRequest { id: self.id, request: Some(control_request::Request::Cancel(CancelCall {})) });
        }
    }
}

fn without_reason(status: &rpc::Status) -> Error {
    Error::new(Code::Unknown, "", &status.message)
}

pub(crate) fn newer_daemon() -> Error {
    Error::new(
        Code::Unimplemented,
        "UNKNOWN_REPLY",
        "the daemon's reply is none that this client knows: use the client of the daemon's version",
    )
}
