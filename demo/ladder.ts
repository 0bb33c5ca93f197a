/** Which way a segment went: `>` from the daemon to the client. */
type Direction = ">" | "<" | " ";

const leftWidth = 26;
const arrowWidth = 23;
const rightColumn = leftWidth + arrowWidth + 4;

/** Prints what both ends saw, in the order in which it happened: the daemon on the left, the client on the right. */
export class Ladder {
  constructor(private readonly write: (line: string) => void) {}

  title(text: string): void {
    this.write("");
    this.write(text);
    this.write("");
    this.write(`  ${pad("daemon", rightColumn - 2)}client`);
  }

  /** One rung: what the daemon did or saw, what went over, what the client did or saw. */
  rung(left: string, segment: string, direction: Direction, right: string): void {
    this.write(`  ${pad(left, leftWidth)}${arrow(segment, direction)}  ${right}`.trimEnd());
  }

  /** A state on either side, with nothing between. */
  states(left: string, right: string): void {
    this.rung(left, "", " ", right);
  }

  /** A line below the rungs. */
  note(label: string, text: string): void {
    this.write(`  ${pad(label, 9)}${text}`);
  }

  gap(): void {
    this.write("");
  }
}

function arrow(segment: string, direction: Direction): string {
  if (direction === " ") return " ".repeat(arrowWidth);
  const label = segment === "" ? "" : ` ${segment} `;
  const dashes = "-".repeat(arrowWidth - 1 - label.length);
  const half = dashes.length >> 1;
  const line = dashes.slice(0, half) + label + dashes.slice(half);
  return direction === ">" ? `${line}>` : `<${line}`;
}

function pad(text: string, width: number): string {
  return text.padEnd(width);
}
