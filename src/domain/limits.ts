/** The bounds of a daemon. */
export interface Limits {
  /** Scopes that live at once, `default` included. */
  readonly scopes: number;
  /** Listeners that live in a scope. */
  readonly listeners: number;
  /** Sessions that live at once in all scopes; further connections are accepted and closed by RST. */
  readonly sessions: number;
  /** Calls that wait at once, actions and HoldScope among them. */
  readonly waiters: number;
  /** Streams of events at once. */
  readonly subscribers: number;
  /** Events kept in the journal, which is the queue of every stream of events. */
  readonly journalEvents: number;
  /** Ended sessions kept readable in a scope. */
  readonly endedSessions: number;
  /** Connections to the API at once. */
  readonly connections: number;
  /** Bytes of one request or reply of the API. */
  readonly messageBytes: number;
  /** Bytes of one SendData or ReceiveData, and bytes of a session that wait for ReceiveData before its peer is held back. */
  readonly dataBytes: number;
  /** Bytes queued for one session before SendData is refused. */
  readonly sendQueueBytes: number;
  /** Bytes of ended sessions that still wait for ReceiveData, all together, in a scope. */
  readonly endedInboxBytes: number;
  /** Plans of a listener. */
  readonly plans: number;
  /** Steps of a plan. */
  readonly planSteps: number;
  /** Bytes that the plans of a listener hold to be sent or looked for, repeated and random ones as they will be sent. */
  readonly planBytes: number;
}

/** What a bound may be set to. */
export interface LimitRange {
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

const kib = 1024;
const mib = kib * kib;

export const limitRanges: Readonly<Record<keyof Limits, LimitRange>> = {
  scopes: { default: 1000, min: 1, max: 1_000_000 },
  listeners: { default: 1000, min: 1, max: 1_000_000 },
  sessions: { default: 16_000, min: 1, max: 1_000_000 },
  waiters: { default: 10_000, min: 1, max: 1_000_000 },
  subscribers: { default: 1000, min: 1, max: 1_000_000 },
  journalEvents: { default: 10_000, min: 1, max: 10_000_000 },
  endedSessions: { default: 10_000, min: 1, max: 10_000_000 },
  connections: { default: 1000, min: 1, max: 1_000_000 },
  // The gRPC library refuses what is larger without a word about the field: so well above the bounds of the fields.
  messageBytes: { default: 16 * mib, min: 64 * kib, max: kib * mib },
  dataBytes: { default: mib, min: 1, max: 512 * mib },
  sendQueueBytes: { default: 4 * mib, min: 1, max: kib * mib },
  endedInboxBytes: { default: 64 * mib, min: 1, max: 64 * kib * mib },
  plans: { default: 64, min: 1, max: 10_000 },
  planSteps: { default: 64, min: 1, max: 10_000 },
  planBytes: { default: 16 * mib, min: 1, max: kib * mib },
};

export const defaultLimits = Object.fromEntries(
  Object.entries(limitRanges).map(([name, range]) => [name, range.default]),
) as unknown as Limits;

/** Bytes of a message that are not its data: names, numbers, a receipt. */
const aroundData = 16 * kib;

/** What does not go together, in one line; undefined where all is well. */
export function limitsConflict(limits: Limits): string | undefined {
  const { dataBytes, messageBytes } = limits;
  if (dataBytes + aroundData <= messageBytes) return undefined;
  return `--max-data-bytes ${dataBytes} and ${aroundData} more do not fit --max-message-bytes ${messageBytes}`;
}
