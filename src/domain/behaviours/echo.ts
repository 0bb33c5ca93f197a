import { type Behaviour, readOn } from "./behaviour.js";

/**
 * Sends back what it gets (RFC 862). While the peer does not take its echo, nothing more is read from it: at most one
 * chunk a session is held.
 */
export const echo: Behaviour = {
  ...readOn,
  onData: (session, chunk) => {
    // After our FIN the bytes are counted, and that is all.
    if (!session.canWrite) return;
    session.write(chunk);
    if (session.isBacklogged) session.holdReading("backlog");
  },
  onRoom: (session) => session.unholdReading("backlog"),
  onEnd: (session) => session.unholdReading("backlog"),
};
