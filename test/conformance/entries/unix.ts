import { Listener_State } from "../../../src/gen/hangup/v1/listener.js";
import { WaitSessionRequest_Condition } from "../../../src/gen/hangup/v1/session.js";
import { act, connect, type Entry, poll, recv, send } from "../entry.js";

// What a unix socket can give. It knows no RST: its ECONNRESET comes of data that was left unread.

const silent = { behaviour: { kind: { $case: "silent", value: {} } } } as const;

export const unix: readonly Entry[] = [
  {
    name: "unix: close, drained no longer",
    page: "unix_sockets",
    needs: ["close"],
    unix: true,
    steps: [
      connect,
      act("close", { drainTimeout: { seconds: "0", nanos: 0 } }),
      { wait: { condition: WaitSessionRequest_Condition.ENDED } },
      poll,
      recv,
      send,
    ],
    outcomes: ["ok, IN OUT HUP RDHUP, EOF, EPIPE"],
  },
  {
    name: "unix: half_close",
    page: "unix_sockets",
    needs: ["half_close"],
    unix: true,
    steps: [connect, act("halfClose"), poll, recv, { peer: "send", bytes: 3 }, { wait: { bytesReceived: 3n } }],
    outcomes: ["ok, IN OUT RDHUP, EOF, ok"],
  },
  {
    name: "unix: reset_unread, the peer reads first",
    page: "unix_sockets",
    needs: ["reset_unread"],
    unix: true,
    listener: silent,
    steps: [connect, { peer: "send", bytes: 5 }, act("resetUnread"), poll, recv, recv, send],
    outcomes: ["ok, ok, IN OUT ERR HUP RDHUP, ECONNRESET, EOF, EPIPE"],
  },
  {
    name: "unix: reset_unread, the peer writes first",
    page: "unix_sockets",
    needs: ["reset_unread"],
    unix: true,
    listener: silent,
    steps: [connect, { peer: "send", bytes: 5 }, act("resetUnread"), send, recv, recv],
    outcomes: ["ok, ok, EPIPE, ECONNRESET, EOF"],
  },
  {
    name: "unix: REFUSING",
    page: "unix_sockets",
    needs: ["listener_refusing"],
    unix: true,
    listener: { state: Listener_State.REFUSING },
    steps: [connect, { update: "LISTENING" }, connect, send, recv],
    outcomes: ["ECONNREFUSED, ok, ok, 1 B"],
  },
  {
    name: "unix: a file left by a daemon that crashed",
    page: "unix_sockets",
    needs: [],
    unix: true,
    ownDaemon: true,
    steps: [{ crash: true }, connect],
    outcomes: ["ECONNREFUSED"],
    slow: true,
  },
  {
    name: "unix: the listener is deleted",
    page: "unix_sockets",
    needs: [],
    unix: true,
    steps: [{ deleteListener: "RESET" }, connect],
    outcomes: ["ENOENT"],
  },
  {
    name: "unix: QUEUEING, the queue is full",
    page: "unix_sockets",
    needs: ["listener_queueing"],
    unix: true,
    listener: { state: Listener_State.QUEUEING, backlog: 0 },
    steps: [
      connect,
      { peer: "connect", socket: "b", nonBlocking: true },
      { peer: "connect", socket: "c", deadlineMs: 50 },
    ],
    outcomes: ["ok, EAGAIN, BLOCKS"],
  },
  {
    name: "unix: QUEUEING, the listener is deleted",
    page: "unix_sockets",
    needs: ["listener_queueing"],
    unix: true,
    listener: { state: Listener_State.QUEUEING },
    steps: [connect, { deleteListener: "RESET" }, recv, recv, send],
    outcomes: ["ok, ECONNRESET, EOF, EPIPE"],
  },
];
