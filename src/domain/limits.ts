/** The bounds of a daemon. */
export interface Limits {
  /** Scopes that live at once, `default` included. */
  readonly scopes: number;
  /** Listeners that live in a scope. */
  readonly listeners: number;
  /** Sessions that live at once in all scopes; further connections are accepted and closed by RST. */
  readonly sessions: number;
  /** Calls of WaitSession and ReceiveData that wait at once. */
  readonly waiters: number;
  /** Streams of events at once. */
  readonly subscribers: number;
  /** Events kept in the journal. */
  readonly journalEvents: number;
  /** Ended sessions kept readable in a scope. */
  readonly endedSessions: number;
  /** Bytes of one SendData or ReceiveData, and bytes of a session that wait for ReceiveData before its peer is held back. */
  readonly dataBytes: number;
  /** Bytes queued for one session before SendData is refused. */
  readonly sendQueueBytes: number;
  /** Bytes of ended sessions that still wait for ReceiveData, all together. */
  readonly endedInboxBytes: number;
}

export const defaultLimits: Limits = {
  scopes: 1000,
  listeners: 1000,
  sessions: 16_000,
  waiters: 10_000,
  subscribers: 1000,
  journalEvents: 10_000,
  endedSessions: 10_000,
  dataBytes: 1024 * 1024,
  sendQueueBytes: 4 * 1024 * 1024,
  endedInboxBytes: 64 * 1024 * 1024,
};
