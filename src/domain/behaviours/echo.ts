import type { Session } from "../session.js";
import type { Behaviour } from "./behaviour.js";

/**
 * Sends back what it gets (RFC 862). While the peer does not take its echo, nothing more is read from it: at most one
 * chunk a session is held.
 */
export const echo: Behaviour = {
  readsPastRst: false,
  onOpen: (session: Session) => session.resumeReading(),
  onData: (session, chunk) => {
    // After our FIN the bytes are counted, and that is all.
    if (!session.canWrite) return;
    session.write(chunk);
    if (session.queuedBytes > 0) session.pauseReading();
  },
  onWritten: (session) => {
    if (session.queuedBytes === 0) session.resumeReading();
  },
};
