import { type Channel, createClient } from "nice-grpc";
import {
  type ControlRequest,
  type ControlResponse,
  ControlServiceDefinition,
} from "../../src/gen/hangup/v1/control.js";

type Request = NonNullable<ControlRequest["request"]>;
type Response = NonNullable<ControlResponse["response"]>;

/** A control stream by hand: requests go out as they are given, replies are told by their id. */
export class ControlClient {
  private readonly outgoing: ControlRequest[] = [];
  private readonly waiting = new Map<bigint, (response: Response) => void>();
  private wake = () => {};
  private ended = false;
  private lastId = 0n;
  private readonly cancelling = new AbortController();
  /** Resolves when the daemon has ended the stream in order; rejects with the status it ended with. */
  readonly over: Promise<void>;

  constructor(channel: Channel) {
    this.over = this.read(channel);
    this.over.catch(() => undefined);
  }

  /** One call, and its reply or error. */
  call(request: Request): Promise<Response> {
    this.lastId += 1n;
    const reply = new Promise<Response>((resolve) => this.waiting.set(this.lastId, resolve));
    this.send(this.lastId, request);
    return reply;
  }

  /** The reply to the call of that id, sent by `send`. */
  reply(id: bigint): Promise<Response> {
    return new Promise((resolve) => this.waiting.set(id, resolve));
  }

  send(id: bigint, request: Request | undefined): void {
    this.outgoing.push({ id, request });
    this.wake();
  }

  /** Ends our side. */
  end(): void {
    this.ended = true;
    this.wake();
  }

  /** Gives the stream up as a whole. */
  cancel(): void {
    this.cancelling.abort();
  }

  private async read(channel: Channel): Promise<void> {
    const client = createClient(ControlServiceDefinition, channel);
    for await (const { id, response } of client.control(this.requests(), { signal: this.cancelling.signal })) {
      if (response === undefined) throw new Error(`a reply without anything in it, to call ${id}`);
      const resolve = this.waiting.get(id);
      if (resolve === undefined) throw new Error(`a reply that nobody waits for, to call ${id}`);
      this.waiting.delete(id);
      resolve(response);
    }
    if (this.waiting.size > 0) throw new Error(`no reply to calls ${[...this.waiting.keys()].join()}`);
  }

  private async *requests(): AsyncGenerator<ControlRequest, void, void> {
    for (;;) {
      yield* this.outgoing.splice(0);
      if (this.outgoing.length > 0) continue;
      if (this.ended) return;
      await new Promise<void>((wake) => (this.wake = wake));
    }
  }
}
