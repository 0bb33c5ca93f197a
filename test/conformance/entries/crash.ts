import { Listener_ResetOnAccept } from "../../../src/gen/hangup/v1/listener.js";
import { connect, type Entry, poll, pollForErrors, recv, send } from "../entry.js";

// SIGKILL for the process that serves: its kernel closes what it had open.

const silent = { behaviour: { kind: { $case: "silent", value: {} } } } as const;
const opened = { wait: {} } as const;

export const crash: readonly Entry[] = [
  {
    name: "crash",
    page: "crash",
    needs: [],
    ownDaemon: true,
    steps: [connect, opened, { crash: true }, poll, recv, send, pollForErrors, send],
    outcomes: ["ok, IN OUT RDHUP, EOF, ok, ERR HUP, EPIPE"],
    wire: ["<S >S. >F. <P. >R"],
    slow: true,
  },
  {
    name: "crash, with unread data",
    page: "crash",
    needs: [],
    ownDaemon: true,
    listener: silent,
    steps: [connect, opened, send, { crash: true }, recv, recv, send],
    outcomes: ["ok, ok, ECONNRESET, EOF, EPIPE"],
    wire: ["<S >S. <P. >R."],
    slow: true,
  },
  {
    name: "crash, of a listener with reset_on_accept AT_FIRST_BYTE",
    page: "crash",
    needs: ["reset"],
    ownDaemon: true,
    listener: { resetOnAccept: Listener_ResetOnAccept.AT_FIRST_BYTE },
    steps: [connect, opened, { crash: true }, recv, recv, send],
    outcomes: ["ok, ECONNRESET, EOF, EPIPE"],
    wire: ["<S >S. >R."],
    slow: true,
  },
  {
    name: "crash, the next connect",
    page: "crash",
    needs: [],
    ownDaemon: true,
    steps: [{ crash: true }, connect],
    outcomes: ["ECONNREFUSED"],
    wire: ["<S >R."],
    slow: true,
  },
];
