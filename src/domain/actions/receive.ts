import type { Errno } from "../../kernel/errno.js";
import { type Session } from "../session.js";
import { waitUntil } from "../wait-until.js";

/** How much, and how long. */
export interface ReceiveOptions {
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes, and what follows them directly. */
export interface Received {
  readonly data: Buffer;
  readonly eof: boolean;
  readonly errno: Errno | undefined;
}

/**
 * Takes bytes that the peer sent: at least `minBytes`, or what there is at the end of the stream.
 *
 * @throws DomainError NOT_RECEIVING, RECEIVE_TIMEOUT (nothing is taken).
 */
export async function receive(session: Session, options: ReceiveOptions): Promise<Received> {
  const { inbox } = session;
  if (inbox === undefined) {
    throw session.refusal(
      "NOT_RECEIVING",
      "its bytes do not wait for ReceiveData: its listener answers them by itself; dial a session to receive",
    );
  }
  const atEnd = () => session.ended || session.endOfData;
  return await waitUntil(
    session.observers,
    () => {
      if (inbox.heldBytes < options.minBytes && !atEnd()) return undefined;
      const data = inbox.take(session, options.maxBytes);
      const last = inbox.heldBytes === 0 && atEnd();
      return {
        data,
        eof: last && session.errno === undefined && session.peerFinSeen,
        errno: last ? session.errno : undefined,
      };
    },
    {
      timeoutMs: options.timeoutMs,
      signal: options.signal,
      onTimeout: () =>
        session.refusal(
          "RECEIVE_TIMEOUT",
          `${inbox.heldBytes} bytes have come, fewer than the ${options.minBytes} asked for, and the peer has not ended`,
          "DEADLINE_EXCEEDED",
        ),
    },
  );
}
