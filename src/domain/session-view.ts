import type { TcpState } from "../kernel/tcp-state.js";
import type { TcpInfo } from "../kernel/tcp-info.js";
import type { BehaviourSpec } from "./behaviours/spec.js";
import type { PlanProgress } from "./plans/plan-run.js";
import type { Receipt } from "./receipt.js";

/** Which packets are lost. */
export type BlackHole = "INBOUND" | "BOTH";

/** What the kernel knows of a session beside its state. */
export interface KernelView {
  readonly tcpInfo?: TcpInfo;
  readonly stateTimeLeftMs?: number;
}

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
  readonly receipt: Receipt | undefined;
  readonly behaviour: BehaviourSpec;
  readonly readingPaused: boolean;
  readonly blackHole: BlackHole | undefined;
  readonly plan: PlanProgress | undefined;
  /** Only where it was asked for. */
  readonly kernel?: KernelView;
}
