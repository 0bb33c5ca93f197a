//! Short words for the messages of the contract that tests write, and for those that they read.

use std::time::Duration;

use crate::session::duration;
use crate::v1::{
    action::Verb, behaviour, end, event, last_data_action, send_action, send_urgent_action, trigger::When,
    AcceptedTrigger, Action, Behaviour, BlackHoleAction, CloseAction, DelayAction, DiscardBehaviour, EchoBehaviour,
    End, Event, FinThenResetAction, HalfCloseAction, HealAction, LastDataAction, LingerAction, ManualBehaviour,
    PauseAction, PeerFinTrigger, Plan, Receipt, ResetAction, ResetUnreadAction, ResumeAction, ScopeReport, SendAction,
    SendUrgentAction, SetBehaviourAction, SilentBehaviour, SourceBehaviour, Step, ThrottleAction, Trigger,
    VanishAction,
};

impl Action {
    fn of(verb: Verb) -> Self {
        Self { verb: Some(verb) }
    }

    /// FIN after all that was sent.
    pub fn close() -> Self {
        Self::of(Verb::Close(CloseAction::default()))
    }

    /// FIN, and reading goes on.
    pub fn half_close() -> Self {
        Self::of(Verb::HalfClose(HalfCloseAction::default()))
    }

    /// RST. What the peer has not acknowledged is thrown away.
    pub fn reset() -> Self {
        Self::of(Verb::Reset(ResetAction::default()))
    }

    /// RST, once the peer's kernel has acknowledged all that was sent.
    pub fn reset_after_flush() -> Self {
        Self::of(Verb::Reset(ResetAction { after_flush: true, ..Default::default() }))
    }

    /// FIN, and RST if the peer has not acknowledged all within so long; at most 5 minutes.
    pub fn linger(timeout: Duration) -> Self {
        Self::of(Verb::Linger(LingerAction { timeout: Some(duration(timeout)), ..Default::default() }))
    }

    /// RST as of a server that closes without having read all: waits up to 5 s for a byte of the peer.
    pub fn reset_unread() -> Self {
        Self::of(Verb::ResetUnread(ResetUnreadAction::default()))
    }

    /// FIN, and at once RST: the peer reads EOF, and its first write gives EPIPE.
    pub fn fin_then_reset() -> Self {
        Self::of(Verb::FinThenReset(FinThenResetAction::default()))
    }

    /// These bytes and FIN in one segment.
    pub fn last_data(data: impl AsRef<[u8]>) -> Self {
        let payload = Some(last_data_action::Payload::Data(data.as_ref().to_vec()));
        Self::of(Verb::LastData(LastDataAction { payload, ..Default::default() }))
    }

    /// No segment that the peer obeys, ever again.
    pub fn vanish() -> Self {
        Self::of(Verb::Vanish(VanishAction {}))
    }

    /// What the peer sends is lost.
    pub fn black_hole() -> Self {
        Self::of(Verb::BlackHole(BlackHoleAction::default()))
    }

    /// The end of a black hole.
    pub fn heal() -> Self {
        Self::of(Verb::Heal(HealAction {}))
    }

    /// Reads no more.
    pub fn pause() -> Self {
        Self::of(Verb::Pause(PauseAction {}))
    }

    /// Reads on.
    pub fn resume() -> Self {
        Self::of(Verb::Resume(ResumeAction {}))
    }

    /// What is sent from now on goes out slowly, in chunks of 1 KiB. 0: at full speed again.
    pub fn throttle(bytes_per_second: u64) -> Self {
        Self::of(Verb::Throttle(ThrottleAction { bytes_per_second, ..Default::default() }))
    }

    /// What is sent from now on goes out so much later; at most 5 minutes. Zero: without delay again.
    pub fn delay(by: Duration) -> Self {
        Self::of(Verb::Delay(DelayAction { duration: Some(duration(by)) }))
    }

    /// Sends these bytes, at most 1 MiB.
    pub fn send(data: impl AsRef<[u8]>) -> Self {
        let payload = Some(send_action::Payload::Data(data.as_ref().to_vec()));
        Self::of(Verb::Send(SendAction { payload, ..Default::default() }))
    }

    /// Sends these bytes, at most 1 KiB, the last of them urgent.
    pub fn send_urgent(data: impl AsRef<[u8]>) -> Self {
        let payload = Some(send_urgent_action::Payload::Data(data.as_ref().to_vec()));
        Self::of(Verb::SendUrgent(SendUrgentAction { payload, ..Default::default() }))
    }

    /// Does something else with the peer's bytes from now on.
    pub fn set_behaviour(behaviour: Behaviour) -> Self {
        Self::of(Verb::SetBehaviour(SetBehaviourAction { behaviour: Some(behaviour) }))
    }
}

impl Behaviour {
    fn of(kind: behaviour::Kind) -> Self {
        Self { kind: Some(kind), banner: None }
    }

    /// Sends back what it gets.
    pub fn echo() -> Self {
        Self::of(behaviour::Kind::Echo(EchoBehaviour {}))
    }

    /// Reads and throws away.
    pub fn discard() -> Self {
        Self::of(behaviour::Kind::Discard(DiscardBehaviour {}))
    }

    /// Reads nothing.
    pub fn silent() -> Self {
        Self::of(behaviour::Kind::Silent(SilentBehaviour {}))
    }

    /// Sends so many bytes of its own, 0: without end, and throws away what comes.
    pub fn source(bytes: u64) -> Self {
        Self::of(behaviour::Kind::Source(SourceBehaviour { bytes, ..Default::default() }))
    }

    /// Keeps what comes for [`Session::receive`](crate::Session::receive).
    pub fn manual() -> Self {
        Self::of(behaviour::Kind::Manual(ManualBehaviour {}))
    }

    /// Sends these bytes first of all; at most 64 KiB.
    pub fn with_banner(self, data: impl AsRef<[u8]>) -> Self {
        Self { banner: Some(behaviour::Banner::BannerData(data.as_ref().to_vec())), ..self }
    }
}

impl Trigger {
    fn of(when: When) -> Self {
        Self { when: Some(when) }
    }

    /// At once: the connection is open, and the steps before have acted.
    pub fn accepted() -> Self {
        Self::of(When::Accepted(AcceptedTrigger {}))
    }

    /// So many bytes of the peer were read since the connection began; at least 1.
    pub fn bytes_received(bytes: u64) -> Self {
        Self::of(When::BytesReceived(bytes))
    }

    /// So many bytes were written since the connection began; at least 1.
    pub fn bytes_sent(bytes: u64) -> Self {
        Self::of(When::BytesSent(bytes))
    }

    /// The peer has sent these bytes one after the other; at most 4096.
    pub fn pattern(bytes: impl AsRef<[u8]>) -> Self {
        Self::of(When::PatternData(bytes.as_ref().to_vec()))
    }

    /// So much time has gone by since the step before acted; at most 1 hour.
    pub fn elapsed(time: Duration) -> Self {
        Self::of(When::Elapsed(duration(time)))
    }

    /// Nothing was read or written for so long; 1 ms to 1 hour.
    pub fn idle(time: Duration) -> Self {
        Self::of(When::Idle(duration(time)))
    }

    /// The peer's FIN has come.
    pub fn peer_fin() -> Self {
        Self::of(When::PeerFin(PeerFinTrigger {}))
    }

    /// A signal of this name was fired.
    pub fn signal(name: impl Into<String>) -> Self {
        Self::of(When::Signal(name.into()))
    }
}

impl Plan {
    /// For all connections still to come: it has to be the last one of a listener.
    pub fn for_all() -> Self {
        Self::default()
    }

    /// For the next so many connections.
    pub fn for_next(connections: u32) -> Self {
        Self { connections, ..Self::default() }
    }

    /// One more step: when the trigger holds, and the steps before have acted, the action is performed.
    pub fn step(mut self, trigger: Trigger, action: Action) -> Self {
        self.steps.push(Step { trigger: Some(trigger), action: Some(action), one_of: Vec::new() });
        self
    }
}

impl Receipt {
    /// How our side ended; `None` while it has sent neither FIN nor RST.
    pub fn local(&self) -> Option<end::Kind> {
        kind(self.local_end.as_ref())
    }

    /// How the peer's side ended; `None` while it is not known to have sent FIN or RST.
    pub fn peer(&self) -> Option<end::Kind> {
        kind(self.peer_end.as_ref())
    }
}

fn kind(end: Option<&End>) -> Option<end::Kind> {
    end.map(End::kind).filter(|kind| *kind != end::Kind::Unspecified)
}

impl Event {
    /// What happened; `None` for `subscribed` and `lost`, which are about the stream.
    pub fn kind(&self) -> Option<event::Kind> {
        use event::{Fact, Kind};
        Some(match self.fact.as_ref()? {
            Fact::Subscribed(_) | Fact::Lost(_) => return None,
            Fact::ListenerCreated(_) => Kind::ListenerCreated,
            Fact::ListenerDeleted(_) => Kind::ListenerDeleted,
            Fact::ListenerStateChanged(_) => Kind::ListenerStateChanged,
            Fact::SessionOpened(_) => Kind::SessionOpened,
            Fact::PeerFin(_) => Kind::PeerFin,
            Fact::PeerRst(_) => Kind::PeerRst,
            Fact::SessionStateChanged(_) => Kind::SessionStateChanged,
            Fact::ActionPerformed(_) => Kind::ActionPerformed,
            Fact::SessionEnded(_) => Kind::SessionEnded,
            Fact::DataReceived(_) => Kind::DataReceived,
            Fact::DataSent(_) => Kind::DataSent,
            Fact::AcceptFailed(_) => Kind::AcceptFailed,
            Fact::PlanStepFired(_) => Kind::PlanStepFired,
            Fact::PlanStepFailed(_) => Kind::PlanStepFailed,
            Fact::ScopeCreated(_) => Kind::ScopeCreated,
            Fact::ScopeEnded(_) => Kind::ScopeEnded,
        })
    }
}

impl ScopeReport {
    /// The steps of plans that did not act on a connection they were for, a line each: faults that did not happen.
    pub fn never_fired(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for of_one in &self.plans {
            let owner = if of_one.listener.is_empty() { &of_one.session } else { &of_one.listener };
            for plan in &of_one.plans {
                let whose = format!("{owner}, plan {}", plan.plan);
                if plan.connections_seen == 0 {
                    lines.push(format!("{whose}: it had no connection"));
                    continue;
                }
                for step in plan.steps.iter().filter(|step| step.not_fired > 0) {
                    let (number, not_fired, seen) = (step.step, step.not_fired, plan.connections_seen);
                    lines.push(format!("{whose}, step {number}: on {not_fired} of {seen} connections"));
                }
            }
        }
        lines
    }
}
