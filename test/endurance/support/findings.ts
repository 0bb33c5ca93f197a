/** Findings of a kind that are told in full. */
const toldOfAKind = 5;

/** What was found to be wrong. */
export class Findings {
  private readonly counts = new Map<string, number>();

  /** Notes what is wrong; of a kind that comes over and over only the first are told in full. */
  add(kind: string, what: string): void {
    const count = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, count);
    if (count <= toldOfAKind) console.log(`FOUND ${kind}: ${what}`);
  }

  /** Notes it unless it holds. */
  must(holds: boolean, kind: string, what: string): void {
    if (!holds) this.add(kind, what);
  }

  get any(): boolean {
    return this.counts.size > 0;
  }

  /** All kinds and how often. */
  summary(): string {
    return this.any
      ? [...this.counts].map(([kind, count]) => `FAILED ${kind}: ${count} times`).join("\n")
      : "nothing found";
  }
}
