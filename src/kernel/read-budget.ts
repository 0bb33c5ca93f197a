/** Bytes read in one turn of the loop, over all sockets: from there on whoever reads is parked. */
const turnBytes = 128 * 1024;

/** What libuv reads at once at most: whoever gets so much has more to read. */
const fullChunkBytes = 64 * 1024;

/** How many of those that are parked read on in the next turn. */
const perTurn = 2;

/** Whoever reads from a socket. */
export interface BudgetedReader {
  /** Reads on. False when it has nothing to read any more: its turn goes to the next. */
  unpark(): boolean;
}

/**
 * Keeps a flood from holding up everybody else: what is read in one turn of the loop is bounded over all sockets, and
 * those that wait read on by turns, two a turn. Without it one turn reads up to 32 chunks of 64 KiB from each socket
 * (libuv), and a command waits for all of them. It costs nothing while less is read than that.
 */
export class ReadBudget {
  private left = turnBytes;
  private parked: BudgetedReader[] = [];
  private turn: NodeJS.Immediate | undefined;

  /** Bytes were read. True when nothing more may be read in this turn: the caller stops, and parks itself. */
  spend(bytes: number): boolean {
    this.left -= bytes;
    this.turn ??= setImmediate(this.nextTurn);
    // One chunk each, where others wait: else of two that read on in a turn the first would have the second's too.
    return this.left <= 0 || (bytes >= fullChunkBytes && this.parked.length > 0);
  }

  /** Reads on when its turn comes. */
  park(reader: BudgetedReader): void {
    this.parked.push(reader);
  }

  private readonly nextTurn = (): void => {
    this.left = turnBytes;
    this.turn = undefined;
    if (this.parked.length === 0) return;
    this.turn = setImmediate(this.nextTurn);
    for (let resumed = 0; resumed < perTurn; ) {
      const reader = this.parked.shift();
      if (reader === undefined) return;
      if (reader.unpark()) resumed += 1;
    }
  };
}

/** The budget of this process: one loop, one budget. */
export const readBudget = new ReadBudget();
