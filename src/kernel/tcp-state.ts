/** The state of a TCP connection by its name in RFC 9293, section 3.3.2; UNKNOWN where the kernel cannot be asked. */
export type TcpState =
  | "UNKNOWN"
  | "SYN_SENT"
  | "SYN_RECEIVED"
  | "ESTABLISHED"
  | "FIN_WAIT1"
  | "FIN_WAIT2"
  | "CLOSE_WAIT"
  | "CLOSING"
  | "LAST_ACK"
  | "TIME_WAIT"
  | "CLOSED";

/** By the kernel's numbers (include/net/tcp_states.h). */
const byNumber: readonly TcpState[] = [
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
  "UNKNOWN", // TCP_LISTEN: never a connection's.
  "CLOSING",
  "SYN_RECEIVED", // TCP_NEW_SYN_RECV
];

/** The state that the kernel means by a number. */
export function tcpStateOf(number: number): TcpState {
  return byNumber[number] ?? "UNKNOWN";
}

/**
 * Whether close(2) with l_linger 0 makes Linux send a RST (tcp_need_reset in net/ipv4/tcp.c). In CLOSING, LAST_ACK
 * and TIME_WAIT it drops the connection without a word.
 */
export function canSendRst(state: TcpState): boolean {
  return state === "ESTABLISHED" || state === "CLOSE_WAIT" || state === "FIN_WAIT1" || state === "FIN_WAIT2";
}

const lingering: ReadonlySet<TcpState> = new Set(["FIN_WAIT1", "FIN_WAIT2", "CLOSING", "LAST_ACK", "TIME_WAIT"]);

/** States that the kernel keeps a connection in after our FIN, also when its descriptor is gone. */
export function isLingering(state: TcpState): boolean {
  return lingering.has(state);
}
