import type { TcpState } from "../kernel/tcp-state.js";
import type { Receipt } from "./receipt.js";

/** What a session does when its peer has sent FIN. */
export type OnPeerFin = "CLOSE_TOO" | "STAY_OPEN";

/** Who opened the connection. */
export type Origin = "ACCEPTED" | "DIALED";

/** A session as it stands at a moment. */
export interface SessionView {
  readonly scope: string;
  readonly name: string;
  readonly uid: string;
  readonly origin: Origin;
  readonly listener: string;
  readonly ordinal: number;
  readonly localAddress: string;
  readonly peerAddress: string;
  readonly state: TcpState;
  readonly ended: boolean;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly unreadBytes: number;
  readonly unsentBytes: number;
  readonly peerFinSeen: boolean;
  readonly peerRstSeen: boolean;
  readonly finSent: boolean;
  readonly onPeerFin: OnPeerFin;
  readonly labels: Readonly<Record<string, string>>;
  readonly openTime: bigint;
  readonly openedSequence: number;
  readonly receipt?: Receipt;
}
