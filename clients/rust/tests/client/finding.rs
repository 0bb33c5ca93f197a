use std::ffi::OsStr;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt;

use hangup::{Code, Daemon};

use crate::stories::{command, is_told, process, say, tell, Folder, OwnDaemon};

/// Finds or starts a daemon, and says its uid and whether this process started it, or the error.
#[tokio::test]
#[ignore = "a story: run by the other tests of this file"]
async fn finds() {
    if !is_told() {
        return;
    }
    match hangup::daemon().await {
        Ok(daemon) => say(daemon.info().await.unwrap().uid),
        Err(error) => say(format!("{:?} {} {:?}", error.code(), error.reason(), error.message())),
    }
}

const FINDS: &str = "finding::finds";

#[tokio::test]
async fn the_address_that_is_set_is_used() {
    let shared = hangup::daemon().await.unwrap();
    let mut finds = process(FINDS);
    finds.env("HANGUP_ADDRESS", format!(" {}\n", shared.address()));
    assert_eq!(tell(finds), shared.info().await.unwrap().uid);
}

#[test]
fn the_command_that_is_set_is_started() {
    let folder = Folder::new("command-set");
    let mut finds = process(FINDS);
    finds.current_dir(&folder.0).env("HANGUP_COMMAND", command());
    assert_is_uid(&tell(finds));
}

#[test]
fn the_command_on_the_path_is_started() {
    let folder = Folder::new("on-path");
    folder.script("hangup", &format!("touch '{}/was-run'\nexec {} \"$@\"", folder.0.display(), command()));
    let path = format!("{}:{}", folder.0.display(), std::env::var("PATH").unwrap());
    let mut finds = process(FINDS);
    finds.current_dir(&folder.0).env("PATH", path);
    assert_is_uid(&tell(finds));
    assert!(folder.0.join("was-run").exists());
}

#[test]
fn the_command_of_node_modules_above_is_started() {
    let folder = Folder::new("node-modules");
    std::fs::create_dir_all(folder.0.join("node_modules/.bin")).unwrap();
    std::fs::create_dir_all(folder.0.join("src/deep")).unwrap();
    folder.script(
        "node_modules/.bin/hangup",
        &format!("touch '{}/was-run'\nexec {} \"$@\"", folder.0.display(), command()),
    );
    let mut finds = process(FINDS);
    finds.current_dir(folder.0.join("src/deep"));
    assert_is_uid(&tell(finds));
    assert!(folder.0.join("was-run").exists());
}

#[test]
fn where_none_is_found_the_error_says_what_to_do() {
    let folder = Folder::new("none-found");
    let mut finds = process(FINDS);
    finds.current_dir(&folder.0).env("PATH", &folder.0);
    let said = tell(finds);
    assert!(said.starts_with("NotFound DAEMON_NOT_FOUND "), "{said}");
    for hint in ["hangup run -- cargo test", "HANGUP_ADDRESS", "HANGUP_COMMAND", "PATH", "node_modules"] {
        assert!(said.contains(hint), "no {hint} in {said}");
    }
}

#[test]
fn one_that_does_not_start_is_quoted() {
    let folder = Folder::new("fails");
    let script = folder.script("fails", "echo 'no such luck' >&2; exit 3");
    let mut finds = process(FINDS);
    finds.env("HANGUP_COMMAND", script);
    let said = tell(finds);
    assert!(said.starts_with("Unavailable DAEMON_NOT_STARTED "), "{said}");
    assert!(said.contains("exit status: 3") && said.contains("no such luck"), "{said}");
}

#[test]
fn one_that_prints_no_address_is_quoted() {
    let folder = Folder::new("prints");
    let script = folder.script("prints", "echo 'hello there'; exec sleep 60");
    let mut finds = process(FINDS);
    finds.env("HANGUP_COMMAND", script);
    let said = tell(finds);
    assert!(said.contains("DAEMON_NOT_STARTED") && said.contains("hello there"), "{said}");
}

#[test]
fn a_command_that_does_not_exist_is_an_error() {
    let mut finds = process(FINDS);
    finds.env("HANGUP_COMMAND", "/no/such/command");
    let said = tell(finds);
    assert!(said.contains("DAEMON_NOT_STARTED") && said.contains("No such file"), "{said}");
}

#[test]
fn an_address_where_nobody_is_is_an_error() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut finds = process(FINDS);
    finds.env("HANGUP_ADDRESS", free.to_string());
    let said = tell(finds);
    assert!(said.starts_with("Unavailable DAEMON_GONE "), "{said}");
    assert!(said.contains(&free.to_string()) && said.contains("refused"), "{said}");
}

/// A server that does this with whoever connects, and its address.
fn server(with: fn(TcpStream) -> Option<TcpStream>) -> String {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    std::thread::spawn(move || server.incoming().map(|client| with(client.unwrap())).collect::<Vec<_>>());
    address
}

#[tokio::test]
async fn what_is_no_daemon_is_an_error() {
    let hangs_up = server(|_| None);
    let speaks_http_1 = server(|mut client| {
        client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        Some(client)
    });
    for address in [hangs_up.as_str(), &speaks_http_1, "unix:/no/such/socket"] {
        let error = hangup::fixture().on(&Daemon::connect(address, None).unwrap()).await.unwrap_err();
        assert_eq!((error.code(), error.reason()), (Code::Unavailable, "DAEMON_GONE"), "{address}");
    }
    let says_nothing = server(Some);
    let error = Daemon::connect(&says_nothing, None).unwrap().info().await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::DeadlineExceeded, "NO_ANSWER"));
}

#[test]
fn the_token_of_the_environment_is_sent() {
    let folder = Folder::new("token");
    let file = folder.0.join("token");
    std::fs::write(&file, "a-token-of-a-test-that-is-long-enough\n").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (_daemon, address) = OwnDaemon::serve(&["--listen", "127.0.0.1:0", "--token-file", file.to_str().unwrap()]);

    let mut finds = process(FINDS);
    finds.env("HANGUP_ADDRESS", &address).env("HANGUP_TOKEN_FILE", &file);
    assert_is_uid(&tell(finds));

    let mut finds = process(FINDS);
    finds.env("HANGUP_ADDRESS", &address).env("HANGUP_TOKEN", "a-token-of-a-test-that-is-long-enough");
    assert_is_uid(&tell(finds));

    let mut finds = process(FINDS);
    finds.env("HANGUP_ADDRESS", &address);
    let said = tell(finds);
    assert!(said.starts_with("Unauthenticated TOKEN_MISSING "), "{said}");

    let mut finds = process(FINDS);
    finds.env("HANGUP_ADDRESS", &address).env("HANGUP_TOKEN", "another");
    let said = tell(finds);
    assert!(said.starts_with("Unauthenticated TOKEN_WRONG "), "{said}");
}

#[test]
fn the_token_of_the_environment_is_for_its_address_alone() {
    let mut finds = process(FINDS);
    finds
        .env("HANGUP_COMMAND", command())
        .env("HANGUP_TOKEN_FILE", "/no/such/file")
        .env("HANGUP_TOKEN", "not a word\u{e9}");
    assert_is_uid(&tell(finds));
}

#[tokio::test]
async fn a_unix_socket_is_an_address() {
    let folder = Folder::new("unix");
    let path = format!("unix:{}", folder.0.join("daemon.sock").display());
    let (_daemon, address) = OwnDaemon::serve(&["--listen", &path]);
    assert_eq!(address, path);

    let daemon = Daemon::connect(&address, None).unwrap();
    assert_eq!(daemon.info().await.unwrap().address, path);
    let fixture = hangup::fixture().on(&daemon).await.unwrap();
    fixture.listen().await.unwrap();
    let mut events = fixture.events().await.unwrap();
    fixture.listen().name("second").await.unwrap();
    assert_eq!(events.next().await.unwrap().listener, "second");
    fixture.close().await.unwrap();
}

const NO_ADDRESSES: [&str; 11] = [
    "no address",
    "localhost",
    "127.0.0.1:99999",
    "127.0.0.1:0",
    "127.0.0.1:",
    "127.0.0.1:+1",
    ":4264",
    "::1:4264",
    "[localhost]:4264",
    "http://127.0.0.1:4264",
    "unix:",
];

#[test]
fn what_is_no_address_is_an_error() {
    for address in NO_ADDRESSES {
        let error = Daemon::connect(address, None).unwrap_err();
        assert_eq!((error.code(), error.reason()), (Code::InvalidArgument, "INVALID_SETTING"), "{address}");
        assert!(error.message().contains(address), "{error}");
    }
    for address in ["localhost:1", "127.0.0.1:65535", "[::1]:4264", "my_host.example:4264", "unix:/no/such/socket"] {
        Daemon::connect(address, None).unwrap();
    }
    let mut finds = process(FINDS);
    finds.env("HANGUP_ADDRESS", "localhost");
    let said = tell(finds);
    assert!(said.starts_with("InvalidArgument INVALID_SETTING "), "{said}");
}

#[test]
fn what_is_no_token_is_an_error() {
    for token in ["", " ", "two words", "two\nlines", "t\u{f6}ken"] {
        let error = Daemon::connect("127.0.0.1:1", Some(token)).unwrap_err();
        assert_eq!((error.code(), error.reason()), (Code::InvalidArgument, "INVALID_SETTING"), "{token}");
    }
    let folder = Folder::new("no-token");
    let (empty, lines) = (folder.0.join("empty"), folder.0.join("lines"));
    std::fs::write(&empty, "\n").unwrap();
    std::fs::write(&lines, "two\nlines\n").unwrap();
    let no_text = OsStr::from_bytes(b"t\xf6ken");
    for (name, value) in [
        ("HANGUP_TOKEN", OsStr::new("two words")),
        ("HANGUP_TOKEN", no_text),
        ("HANGUP_TOKEN_FILE", OsStr::new("/no/such/file")),
        ("HANGUP_TOKEN_FILE", empty.as_os_str()),
        ("HANGUP_TOKEN_FILE", lines.as_os_str()),
    ] {
        let mut finds = process(FINDS);
        finds.env("HANGUP_ADDRESS", "127.0.0.1:1").env(name, value);
        let said = tell(finds);
        assert!(said.starts_with("InvalidArgument INVALID_SETTING "), "{name}={value:?}: {said}");
    }
}

fn assert_is_uid(said: &str) {
    assert!(said.len() == 12 && said.chars().all(|digit| digit.is_ascii_hexdigit()), "{said}");
}
