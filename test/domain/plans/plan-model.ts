import type { Action } from "../../../src/domain/actions/action.js";
import type { ChosenStep, ChosenTrigger } from "../../../src/domain/plans/plan.js";

/** What happens to a connection, one thing after the other. */
export type Happening =
  | { readonly kind: "byte"; readonly byte: string }
  | { readonly kind: "signal"; readonly name: string }
  | { readonly kind: "fin" };

/** A step that acted, as the model has it. */
export interface ModelStep {
  readonly step: number;
  readonly action: string;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly failed: boolean;
}

/**
 * What a plan means, in the plainest words there are: bytes are taken one at a time, and after each of them it is asked
 * whether the next step's trigger holds. It knows of no chunks, and finds a pattern by looking through all that came.
 */
export class PlanModel {
  readonly fired: ModelStep[] = [];
  wire = "";
  private next = 0;
  private received = "";
  private sent = 0;
  private readonly signals = new Set<string>();
  private peerFin = false;
  private finSent = false;
  private closing = false;
  private ended = false;
  private paused = false;
  private echoes: boolean;
  /** By another behaviour, whose banner has been sent: the first one never begins. */
  private replaced = false;
  /** Bytes that came while nobody read. */
  private unread = "";
  private finCame = false;
  private endTold = false;

  constructor(
    private readonly steps: readonly ChosenStep[],
    private readonly options: { readonly echoes: boolean; readonly closesToo: boolean; readonly banner: string },
  ) {
    this.echoes = options.echoes;
  }

  /** A signal that was fired before it came. */
  latch(name: string): void {
    this.signals.add(name);
  }

  begin(): void {
    this.settle();
    if (!this.replaced) this.write(this.options.banner);
    this.settle();
  }

  onHappening(happening: Happening): void {
    if (happening.kind === "byte") this.unread += happening.byte;
    if (happening.kind === "signal") this.signals.add(happening.name);
    if (happening.kind === "fin") {
      this.finCame = true;
      // A session that does not read learns of it all the same.
      if (this.paused) this.peerFin = true;
    }
    this.settle();
    this.read();
  }

  private read(): void {
    while (!this.paused && !this.ended && this.unread !== "") {
      const byte = this.unread.charAt(0);
      this.unread = this.unread.slice(1);
      this.received += byte;
      if (this.echoes) this.write(byte);
      this.settle();
    }
    if (!this.finCame || this.paused || this.ended || this.endTold) return;
    this.endTold = true;
    this.peerFin = true;
    this.settle();
    if (this.options.closesToo) this.sendFin();
  }

  private settle(): void {
    for (let step = this.steps[this.next]; step !== undefined && !this.ended; step = this.steps[this.next]) {
      if (!this.holds(step.trigger)) return;
      this.next += 1;
      const before = { bytesReceived: this.received.length, bytesSent: this.sent };
      const index = this.fired.length;
      this.fired.push({ step: this.next, action: step.action.verb, ...before, failed: false });
      const done = this.perform(step.action);
      if (!done) this.fired[index] = { ...this.fired[index]!, failed: true };
    }
  }

  private holds(trigger: ChosenTrigger): boolean {
    switch (trigger.when) {
      case "accepted":
        return true;
      case "bytes_received":
        return this.received.length >= trigger.count;
      case "bytes_sent":
        return this.sent >= trigger.count;
      case "pattern":
        return this.received.includes(trigger.bytes.toString());
      case "peer_fin":
        return this.peerFin;
      case "signal":
        return this.signals.has(trigger.name);
      case "elapsed":
        return trigger.ms === 0;
      case "idle":
        return false;
    }
  }

  /** Whether it could be done. */
  private perform(action: Action): boolean {
    switch (action.verb) {
      case "send":
        if (!this.canWrite) return false;
        this.write(action.data.toString());
        return true;
      case "set_behaviour":
        if (this.closing) return false;
        this.replaced = true;
        this.echoes = action.behaviour.kind.name === "echo";
        this.write(action.behaviour.banner?.toString() ?? "");
        return true;
      case "pause":
        if (this.closing) return false;
        this.paused = true;
        return true;
      case "resume":
        this.paused = false;
        return true;
      case "half_close":
        if (!this.canWrite) return false;
        this.sendFin();
        return true;
      case "close":
        if (this.closing) return false;
        this.closing = true;
        this.paused = false;
        this.echoes = false;
        this.sendFin();
        return true;
      case "reset":
        if (this.finSent && this.finCame) return false;
        this.wire += "!";
        this.ended = true;
        return true;
      default:
        throw new Error(`not in the model: ${action.verb}`);
    }
  }

  private get canWrite(): boolean {
    return !this.finSent && !this.ended;
  }

  /** Byte for byte: a step that waits for a number of bytes sent acts between two of them. */
  private write(text: string): void {
    for (const byte of text) {
      if (!this.canWrite) return;
      const trigger = this.steps[this.next]?.trigger;
      const heldBefore = trigger !== undefined && this.holds(trigger);
      this.wire += byte;
      this.sent += 1;
      if (trigger?.when === "bytes_sent" && !heldBefore && this.holds(trigger)) this.settle();
    }
  }

  private sendFin(): void {
    if (!this.canWrite) return;
    this.finSent = true;
    this.wire += "|";
  }
}
