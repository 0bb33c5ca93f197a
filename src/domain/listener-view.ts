import type { OnPeerFin } from "./session-view.js";

/** What a client that connects to a listener meets. */
export type ListenerState = "LISTENING";

/** A listener as it stands at a moment. */
export interface ListenerView {
  readonly scope: string;
  readonly name: string;
  readonly uid: string;
  readonly host: string;
  readonly port: number;
  readonly address: string;
  readonly unixPath: string;
  readonly state: ListenerState;
  readonly onPeerFin: OnPeerFin;
  readonly labels: Readonly<Record<string, string>>;
  readonly accepted: number;
  readonly openSessions: number;
  readonly createTime: bigint;
}
