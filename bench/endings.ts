/** How sessions ended, as their peers saw it: driver and load count alike. */
export interface Endings {
  readonly econnreset: number;
  readonly eof: number;
  readonly other: number;
  readonly lastOther?: string | number;
}

/** @throws where one ended otherwise: a measure of endings that are not what they say measures nothing. */
export function assertEndings(who: string, wanted: "econnreset" | "eof", count: number, seen: Endings): void {
  if (seen[wanted] === count && seen.econnreset + seen.eof + seen.other === count) return;
  throw new Error(`${who}: of ${count} sessions not all ended by ${wanted.toUpperCase()}: ${JSON.stringify(seen)}`);
}
