import { Pattern } from "./pattern.js";
import type { ChosenStep } from "./plan.js";

/**
 * Decides when the steps of a plan act: told what happens, it says how far a chunk may go before the next step, and
 * which step is due. It touches no socket and no clock, so that what it decides can be tested for every segmentation.
 */
export class PlanEngine {
  private next = 0;
  private received = 0;
  private sent = 0;
  private peerFin = false;
  private readonly signals = new Set<string>();
  /** Of each step that waits for one. They look from the first byte on: what came before a step counts. */
  private readonly patterns: readonly (Pattern | undefined)[];
  private timeIsUp = false;

  constructor(private readonly steps: readonly ChosenStep[]) {
    this.patterns = steps.map(({ trigger }) => (trigger.when === "pattern" ? new Pattern(trigger.bytes) : undefined));
  }

  /** The step that is armed; undefined when all have acted. */
  get armed(): ChosenStep | undefined {
    return this.steps[this.next];
  }

  /** Its number, from 1. */
  get armedNumber(): number {
    return this.next + 1;
  }

  get bytesReceived(): number {
    return this.received;
  }

  get bytesSent(): number {
    return this.sent;
  }

  /** The armed step's trigger holds: it acts now. */
  get isDue(): boolean {
    const trigger = this.armed?.trigger;
    switch (trigger?.when) {
      case undefined:
        return false;
      case "accepted":
        return true;
      case "bytes_received":
        return this.received >= trigger.count;
      case "bytes_sent":
        return this.sent >= trigger.count;
      case "pattern":
        return this.patterns[this.next]?.found === true;
      case "elapsed":
        return this.timeIsUp || trigger.ms === 0;
      case "idle":
        return this.timeIsUp;
      case "peer_fin":
        return this.peerFin;
      case "signal":
        return this.signals.has(trigger.name);
    }
  }

  /** The armed step acts; the next one is armed. */
  fire(): ChosenStep {
    const step = this.armed;
    if (step === undefined) throw new Error("bug: no step to fire");
    this.next += 1;
    this.timeIsUp = false;
    return step;
  }

  /**
   * Bytes of the peer: takes them up to the one at which the armed step acts, and gives how many these are. With
   * `echoed` each of them is about to be sent back, so that a number of bytes sent stops them too.
   */
  receive(chunk: Buffer, echoed = false): number {
    const trigger = this.armed?.trigger;
    let taken = chunk.length;
    if (trigger?.when === "bytes_received") taken = within(trigger.count - this.received, chunk.length);
    if (trigger?.when === "bytes_sent" && echoed) taken = within(trigger.count - this.sent, chunk.length);
    if (trigger?.when === "pattern") taken = this.patterns[this.next]?.feed(chunk) ?? chunk.length;
    const piece = chunk.subarray(0, taken);
    for (const [index, pattern] of this.patterns.entries()) {
      if (index !== this.next) feedAll(pattern, piece);
    }
    this.received += taken;
    return taken;
  }

  /** So many bytes are about to be written: gives how many of them go before the armed step acts. */
  send(length: number): number {
    const trigger = this.armed?.trigger;
    const taken = trigger?.when === "bytes_sent" ? within(trigger.count - this.sent, length) : length;
    this.sent += taken;
    return taken;
  }

  /** So many bytes were written as one, between which no step can act. */
  sendWhole(length: number): void {
    this.sent += length;
  }

  onPeerFin(): void {
    this.peerFin = true;
  }

  onSignal(name: string): void {
    this.signals.add(name);
  }

  /** The time that the armed step waits for has gone by. */
  onTimeUp(): void {
    this.timeIsUp = true;
  }
}

/** How many bytes there are to the one that counts; all of them when it has gone by, or does not come yet. */
function within(left: number, length: number): number {
  return left > 0 && left < length ? left : length;
}

function feedAll(pattern: Pattern | undefined, piece: Buffer): void {
  if (pattern !== undefined && !pattern.found) pattern.feed(piece);
}
