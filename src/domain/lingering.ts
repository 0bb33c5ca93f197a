import type { TcpState } from "../kernel/tcp-state.js";

const lingering: ReadonlySet<TcpState> = new Set(["FIN_WAIT1", "FIN_WAIT2", "CLOSING", "LAST_ACK", "TIME_WAIT"]);

/** States that the kernel keeps a connection in after our FIN, also when its descriptor is gone. */
export function isLingering(state: TcpState): boolean {
  return lingering.has(state);
}
