use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::control::MESSAGE_BYTES;
use crate::error::{Code, Error, Result};
use crate::fixture::{Pending, Scope};
use crate::io::{self, Task};
use crate::v1::event::{Fact, Kind};
use crate::v1::event_service_client::EventServiceClient;
use crate::v1::{Event, StreamEventsRequest};

/// The events of a fixture's scope, in the order of their numbers, from the moment that the stream was opened.
///
/// One that falls far behind gets a `lost` event, never a silent gap; for [`next_of`](Self::next_of) that is an error.
pub struct Events {
    events: mpsc::Receiver<Result<Event>>,
    _stream: Task,
    last: Option<Event>,
    /// What it ended with, for whoever asks again.
    end: Option<Error>,
}

/// A stream of events to be: `fixture.events().await`.
#[derive(Clone)]
#[must_use = "it begins when it is awaited"]
pub struct EventsBuilder {
    scope: Arc<Scope>,
    request: StreamEventsRequest,
}

/// Events read ahead of the test. Behind them the daemon's journal keeps many thousands.
const AHEAD: usize = 1024;

impl EventsBuilder {
    pub(crate) fn new(scope: Arc<Scope>) -> Self {
        let request = StreamEventsRequest { scope: scope.name.clone(), ..Default::default() };
        Self { scope, request }
    }

    /// Only these kinds. The default is all but DATA_RECEIVED and DATA_SENT.
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.request.kinds = kinds.into_iter().map(Into::into).collect();
        self
    }

    /// Only those of this listener and its sessions.
    pub fn listener(mut self, name: impl Into<String>) -> Self {
        self.request.listener = name.into();
        self
    }

    /// Only those of this session.
    pub fn session(mut self, name: impl Into<String>) -> Self {
        self.request.session = name.into();
        self
    }

    /// Begin after this number, 0: with the oldest that the daemon has. The default is what happens from now on.
    pub fn after_sequence(mut self, sequence: u64) -> Self {
        self.request.after_sequence = Some(sequence);
        self
    }
}

impl IntoFuture for EventsBuilder {
    type Output = Result<Events>;
    type IntoFuture = Pending<Events>;

    fn into_future(self) -> Pending<Events> {
        Box::pin(open(self.scope, self.request))
    }
}

async fn open(scope: Arc<Scope>, request: StreamEventsRequest) -> Result<Events> {
    let (send, mut events) = mpsc::channel(AHEAD);
    let (opened, is_open) = oneshot::channel();
    let stream = io::task(async move {
        let daemon = &scope.daemon;
        let mut opened = Some(opened);
        let mut client = EventServiceClient::new(daemon.channel()).max_decoding_message_size(MESSAGE_BYTES);
        let read = async {
            let mut stream = client.stream_events(daemon.request(request)).await?.into_inner();
            while let Some(message) = stream.message().await? {
                for event in message.events {
                    // The first is `subscribed`: from here on nothing is missed.
                    match opened.take() {
                        Some(opened) => drop(opened.send(())),
                        None => drop(send.send(Ok(event)).await),
                    }
                }
            }
            Ok::<_, tonic::Status>(())
        };
        let end = match read.await {
            Err(status) => daemon.error(&status),
            Ok(()) if scope.has_ended() => {
                Error::new(Code::Cancelled, "END_OF_EVENTS", "the fixture is closed, and its events with it")
            }
            Ok(()) => Error::new(Code::OutOfRange, "END_OF_EVENTS", "the stream of events has ended"),
        };
        let _ = send.send(Err(end)).await;
    });
    match io::within(Duration::from_secs(15), is_open).await {
        Some(Ok(())) => Ok(Events { events, _stream: stream, last: None, end: None }),
        Some(Err(_)) => match events.recv().await {
            Some(Err(error)) => Err(error),
            _ => Err(stopped()),
        },
        None => Err(Error::new(Code::DeadlineExceeded, "NO_ANSWER", "the stream of events did not begin within 15 s")),
    }
}

fn stopped() -> Error {
    Error::new(Code::Internal, "BUG", "the stream of events panicked")
}

impl Events {
    /// The next one, within 5 s.
    ///
    /// # Errors
    ///
    /// `WAIT_TIMEOUT`, with what was seen last in its message; `DAEMON_GONE`; `END_OF_EVENTS` behind the end
    /// of the scope, [`Code::Cancelled`] where that was the fixture's.
    pub async fn next(&mut self) -> Result<Event> {
        self.next_within(Duration::from_secs(5)).await
    }

    /// The next one, within so long.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub async fn next_within(&mut self, timeout: Duration) -> Result<Event> {
        let event = match io::within(timeout, self.events.recv()).await {
            Some(Some(Ok(event))) => event,
            Some(Some(Err(end))) => return Err(self.end.insert(end).clone()),
            Some(None) => return Err(self.end.clone().unwrap_or_else(stopped)),
            None => return Err(self.timed_out(timeout)),
        };
        self.last = Some(event.clone());
        Ok(event)
    }

    /// The next one of this kind, within 5 s; those before it are passed over.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next), and `EVENTS_LOST` where events were not taken in time, for it may have been among them.
    pub async fn next_of(&mut self, kind: Kind) -> Result<Event> {
        let timeout = Duration::from_secs(5);
        let found = io::within(timeout, async {
            loop {
                let event = self.next_within(timeout).await?;
                if event.kind() == Some(kind) {
                    return Ok(event);
                }
                if let Some(Fact::Lost(lost)) = event.fact {
                    let (first, last) = (lost.first_sequence, lost.last_sequence);
                    let message = format!("the events {first} to {last} are lost: they were not taken in time");
                    return Err(Error::new(Code::DataLoss, "EVENTS_LOST", message));
                }
            }
        });
        match found.await {
            Some(found) => found,
            None => Err(self.timed_out(timeout)),
        }
    }

    fn timed_out(&self, timeout: Duration) -> Error {
        let seen = match &self.last {
            Some(event) => format!(
                "the last one was {} of {}",
                event.kind().map_or("LOST", |kind| kind.as_str_name()),
                [&event.session, &event.listener].into_iter().find(|name| !name.is_empty()).unwrap_or(&event.scope),
            ),
            None => "there was none".into(),
        };
        Error::new(Code::DeadlineExceeded, "WAIT_TIMEOUT", format!("no such event within {timeout:?}; {seen}"))
    }
}
