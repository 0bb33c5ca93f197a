import { type Behaviour, readOn } from "./behaviour.js";

/**
 * Reads and throws away (RFC 863). Also what a closed session does until the peer's FIN, so that unread data causes no
 * RST.
 */
export const discard: Behaviour = readOn;
