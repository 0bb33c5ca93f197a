//! The one thread on which this client speaks with daemons.
//!
//! Each `#[tokio::test]` has a runtime of its own, and what was connected in one ends with it. So that all tests of a
//! process can share a daemon, its connection lives on a runtime that ends with the process; what callers await are only
//! channels, which work under any executor.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

static RUNTIME: LazyLock<Handle> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the connection to the daemon");
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("hangup".into())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))
        .expect("a thread for the connection to the daemon");
    handle
});

/// Runs a future on that thread, to its end.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    RUNTIME.spawn(future);
}

/// Runs a future on that thread, until the task is dropped.
pub(crate) fn task(future: impl Future<Output = ()> + Send + 'static) -> Task {
    Task(RUNTIME.spawn(future).abort_handle())
}

/// What runs as long as somebody holds it.
pub(crate) struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The runtime, for what has to know it when it is made.
pub(crate) fn enter() -> tokio::runtime::EnterGuard<'static> {
    RUNTIME.enter()
}

/// Awaits, for so long at most, by the clock of that thread: the caller may have none. `None`: the time is over.
pub(crate) async fn within<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let limited = {
        let _runtime = enter();
        tokio::time::timeout(limit, future)
    };
    limited.await.ok()
}

/// Runs a future to its end on this thread, without a runtime: for tests with the blocking sockets of `std::net`.
///
/// What needs a runtime of tokio, such as its sockets, does not work in it; there `#[tokio::test]` is the way.
///
/// ```no_run
/// #[test]
/// fn refused() {
///     hangup::block_on(async {
///         let fixture = hangup::fixture().await.unwrap();
///         let listener = fixture.listen().state(hangup::ListenerState::Refusing).await.unwrap();
///         let error = std::net::TcpStream::connect(listener.address()).unwrap_err();
///         assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
///     });
/// }
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::park();
    }
}
