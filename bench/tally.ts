/** What one stream of events brought, as the driver counts. */
export interface Tally {
  readonly events: number;
  readonly opened: number;
  readonly ended: number;
  readonly lost: number;
  readonly outOfOrder: number;
  readonly messages: number;
}

/** @throws where a stream from the oldest event of the journal lacked one that is there, or told them in another order. */
export function assertReplayed(who: string, tally: Tally): void {
  if (tally.events > 0 && tally.lost === 0 && tally.outOfOrder === 0) return;
  throw new Error(`${who}: the journal was replayed with events lost or out of order: ${JSON.stringify(tally)}`);
}

/** @throws where a stream did not tell of each session's beginning and end, in the order of their numbers. */
export function assertTold(who: string, sessions: number, tallies: readonly Tally[]): void {
  for (const tally of tallies) {
    const complete = tally.opened === sessions && tally.ended === sessions && tally.lost === 0;
    if (complete && tally.outOfOrder === 0) continue;
    throw new Error(`${who}: a stream told of ${sessions} sessions not all, or not in order: ${JSON.stringify(tally)}`);
  }
}
