//! Five hundred tests, each with a fixture, a listener and an ending of its own, on one daemon:
//! `cargo test --test parallel -- --test-threads=100`.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Mutex;

use hangup::v1::ListScopesRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TESTS: u32 = 500;

static DAEMONS: Mutex<BTreeSet<(String, u32)>> = Mutex::new(BTreeSet::new());
static ENDED: AtomicU32 = AtomicU32::new(0);

async fn one_of_many(number: u32) {
    let fixture = hangup::fixture().await.unwrap();
    // The same name in all of them.
    let listener = fixture.listen().name("echo").await.unwrap();
    let mut stream = TcpStream::connect(listener.address()).await.unwrap();
    let own = format!("test {number:3}");
    stream.write_all(own.as_bytes()).await.unwrap();
    let mut echo = [0; 8];
    stream.read_exact(&mut echo).await.unwrap();
    assert_eq!(echo, own.as_bytes());

    let session = listener.accepted(stream.local_addr().unwrap().port()).await.unwrap();
    assert_eq!(session.name(), "echo/1");
    if number.is_multiple_of(2) {
        session.reset().await.unwrap();
        assert_eq!(stream.read(&mut echo).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    } else {
        session.close().await.unwrap();
        assert_eq!(stream.read(&mut echo).await.unwrap(), 0);
    }

    let info = fixture.daemon().info().await.unwrap();
    let report = fixture.close().await.unwrap();
    assert_eq!((report.counts.unwrap().sessions, report.bytes_received), (1, 8));

    let daemons = {
        let mut daemons = DAEMONS.lock().unwrap();
        daemons.insert((info.uid, info.pid));
        daemons.len()
    };
    assert_eq!(daemons, 1);
    // The last one looks for what the others left.
    if ENDED.fetch_add(1, Ordering::SeqCst) + 1 == TESTS {
        let scopes = hangup::daemon().await.unwrap().call(ListScopesRequest::default()).await.unwrap().scopes;
        let scopes: Vec<_> = scopes.iter().map(|scope| (&*scope.name, scope.listeners, scope.open_sessions)).collect();
        assert_eq!(scopes, [("default", 0, 0)]);
        println!("{TESTS} tests shared one daemon and left nothing");
    }
}

macro_rules! tests {
    ($($hundreds:ident $at:literal),*) => {$(
        mod $hundreds {
            fifty! { $at: t00 t01 t02 t03 t04 t05 t06 t07 t08 t09 t10 t11 t12 t13 t14 t15 t16 t17 t18 t19 t20 t21 t22 t23 t24
                t25 t26 t27 t28 t29 t30 t31 t32 t33 t34 t35 t36 t37 t38 t39 t40 t41 t42 t43 t44 t45 t46 t47 t48 t49 }
        }
    )*};
}

macro_rules! fifty {
    ($at:literal: $($name:ident)*) => {$(
        // Each has a runtime of its own.
        #[tokio::test]
        async fn $name() {
            let number: u32 = stringify!($name)[1..].parse().unwrap();
            crate::one_of_many($at * 50 + number).await;
        }
    )*};
}

tests! { from_000 0, from_050 1, from_100 2, from_150 3, from_200 4, from_250 5, from_300 6, from_350 7, from_400 8, from_450 9 }
