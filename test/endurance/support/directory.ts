import { Event_Kind } from "../../../src/gen/hangup/v1/event.js";
import type { ScopeReport } from "../../../src/gen/hangup/v1/scope.js";
import { type Receipt, Receipt as ReceiptMessage } from "../../../src/gen/hangup/v1/session.js";
import type { Clients } from "../../support/daemon.js";

/** The deadline of each thing that an event must tell. */
const deadlineMs = 60_000;

/** A receipt in the words that are compared: `FIN COMMAND, FIN PEER`. */
export function inWords(receipt: Receipt): string {
  const json = ReceiptMessage.toJSON(receipt) as Record<
    string,
    { kind?: string; cause?: { kind?: string } } | undefined
  >;
  return ["localEnd", "peerEnd"]
    .map((side) => `${json[side]?.kind ?? "-"} ${json[side]?.cause?.kind ?? ""}`.trim())
    .join(", ");
}

/** What the events of one scope tell: the session of each of our ports, its receipt, and the report in the end. */
export class Directory {
  /** The number of the newest event. */
  lastSequence = 0n;
  private readonly known = new Map<string, unknown>();
  private readonly asking = new Map<string, (value: unknown) => void>();
  private readonly ended = new AbortController();
  private reading: Promise<void> = Promise.resolve();
  private failed: Error | undefined;
  private readonly failing = new Set<(error: Error) => void>();

  private constructor(private readonly scope: string) {}

  /** Begins to listen: nothing that happens from now on is missed. */
  static async open(clients: Clients, scope: string): Promise<Directory> {
    const directory = new Directory(scope);
    directory.reading = directory.read(clients);
    await directory.ask("subscribed");
    return directory;
  }

  /** The session of a connection, by our port of it. */
  async sessionOf(port: number): Promise<string> {
    return (await this.ask(`port ${port}`)) as string;
  }

  async receiptOf(session: string): Promise<Receipt> {
    return (await this.ask(`receipt ${session}`)) as Receipt;
  }

  async report(): Promise<ScopeReport> {
    return (await this.ask("report")) as ScopeReport;
  }

  /** What was told and nobody asked for. */
  unasked(): string[] {
    return [...this.known.keys()];
  }

  /** Listens no more. */
  async close(): Promise<void> {
    this.ended.abort();
    await this.reading;
  }

  private async read(clients: Clients): Promise<void> {
    const kinds = [Event_Kind.SESSION_OPENED, Event_Kind.SESSION_ENDED, Event_Kind.SCOPE_ENDED];
    try {
      const { signal } = this.ended;
      for await (const { events } of clients.events.streamEvents({ scope: this.scope, kinds }, { signal })) {
        for (const { sequence, scope, session, fact } of events) {
          this.lastSequence = sequence;
          if (fact?.$case !== "subscribed" && fact?.$case !== "lost" && scope !== this.scope) {
            throw new Error(`an event of scope ${scope} came to the stream of ${this.scope}`);
          }
          switch (fact?.$case) {
            case "subscribed":
              this.tell("subscribed", true);
              break;
            case "sessionOpened":
              this.tell(`port ${fact.value.session!.peerAddress.split(":").at(-1)}`, session);
              break;
            case "sessionEnded":
              this.tell(`receipt ${session}`, fact.value.receipt);
              break;
            case "scopeEnded":
              this.tell("report", fact.value.report);
              break;
            default:
              throw new Error(`an event that was not asked for: ${fact?.$case}`);
          }
        }
      }
      throw new Error(`the stream of ${this.scope} ended`);
    } catch (error) {
      if (this.ended.signal.aborted) return;
      this.failed = error as Error;
      for (const fail of this.failing) fail(this.failed);
    }
  }

  private tell(key: string, value: unknown): void {
    const asking = this.asking.get(key);
    this.asking.delete(key);
    if (asking === undefined) this.known.set(key, value);
    else asking(value);
  }

  /** Each thing is told once, and asked once. */
  private ask(key: string): Promise<unknown> {
    if (this.known.has(key)) {
      const value = this.known.get(key);
      this.known.delete(key);
      return Promise.resolve(value);
    }
    if (this.failed !== undefined) return Promise.reject(this.failed);
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        clearTimeout(timer);
        this.failing.delete(fail);
        this.asking.delete(key);
        reject(error);
      };
      const timer = setTimeout(() => fail(new Error(`no event in scope ${this.scope} told of ${key}`)), deadlineMs);
      this.failing.add(fail);
      this.asking.set(key, (value) => {
        clearTimeout(timer);
        this.failing.delete(fail);
        resolve(value);
      });
    });
  }
}
