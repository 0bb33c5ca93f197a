/** Times that may follow each other without a pause. */
const burst = 8;
/** How many of them come back in a millisecond. */
const perMs = 0.5;
/** The pause when there are none left, in ms. */
const pauseMs = 2;

/**
 * When to tell of what happens: at once while that is seldom, gathered when it comes in floods. "At once" is the end of
 * this turn of the loop, so that what happens in one turn is told together.
 */
export class Pace {
  private left = burst;
  private since = performance.now();
  private immediate: NodeJS.Immediate | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly tell: () => void) {}

  /** Something happened. Calls `tell` once for all that happens before it does. */
  soon(): void {
    if (this.immediate !== undefined || this.timer !== undefined) return;
    const now = performance.now();
    this.left = Math.min(burst, this.left + (now - this.since) * perMs);
    this.since = now;
    if (this.left >= 1) {
      this.left -= 1;
      this.immediate = setImmediate(this.fire);
    } else {
      this.timer = setTimeout(this.fire, pauseMs);
    }
  }

  private readonly fire = (): void => {
    this.immediate = undefined;
    this.timer = undefined;
    this.tell();
  };
}
