import type { Session } from "../session.js";

/** What a session does with bytes while nothing else is asked. One object for each session. */
export interface Behaviour {
  /** The session is open: begin. */
  onOpen(session: Session): void;
  /** Bytes of the peer were read. */
  onData(session: Session, chunk: Buffer): void;
  /** The kernel took bytes that were queued. */
  onWritten(session: Session): void;
  /** Whether the peer's bytes shall be read to the last also when its RST has come. */
  readonly readsPastRst: boolean;
}
