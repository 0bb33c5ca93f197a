import type { Behaviour } from "./behaviour.js";

/** Reads and throws away: what a closed session does until the peer's FIN, so that unread data causes no RST. */
export const drain: Behaviour = {
  readsPastRst: false,
  onOpen: (session) => session.resumeReading(),
  onData: () => undefined,
  onWritten: () => undefined,
};
