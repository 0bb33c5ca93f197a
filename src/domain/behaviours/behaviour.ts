import type { Session } from "../session.js";

/** What a session does with bytes while nothing else is asked. One object for each session that has state of its own. */
export interface Behaviour {
  /** It is the session's from now on; reading begins after this, unless it is held. */
  onBegin(session: Session): void;
  /** Bytes of the peer were read. */
  onData(session: Session, chunk: Buffer): void;
  /** There is room again behind what was written. */
  onRoom(session: Session): void;
  /** It is the session's no more, or the session has ended. */
  onEnd(session: Session): void;
  /** Whether the peer's bytes shall be read to the last also when its RST has come. */
  readonly readsPastRst: boolean;
}

const nothing = () => undefined;

/** The behaviour that does nothing but read: what others differ from. */
export const readOn: Behaviour = {
  onBegin: nothing,
  onData: nothing,
  onRoom: nothing,
  onEnd: nothing,
  readsPastRst: false,
};
