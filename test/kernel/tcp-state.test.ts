import { canSendRst, type TcpState, tcpStateOf } from "../../src/kernel/tcp-state.js";

test("the kernel’s numbers are the states of RFC 9293", () => {
  // include/net/tcp_states.h, TCP_ESTABLISHED = 1 to TCP_NEW_SYN_RECV = 12.
  expect(Array.from({ length: 14 }, (_, number) => tcpStateOf(number))).toEqual([
    "UNKNOWN",
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECEIVED",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "TIME_WAIT",
    "CLOSED",
    "CLOSE_WAIT",
    "LAST_ACK",
    "UNKNOWN",
    "CLOSING",
    "SYN_RECEIVED",
    "UNKNOWN",
  ]);
});

test("a RST can be had in ESTABLISHED, CLOSE_WAIT, FIN_WAIT1 and FIN_WAIT2 alone", () => {
  const states: TcpState[] = [
    "UNKNOWN",
    "SYN_SENT",
    "ESTABLISHED",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "CLOSE_WAIT",
    "CLOSING",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSED",
  ];
  expect(states.filter(canSendRst)).toEqual(["ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "CLOSE_WAIT"]);
});
