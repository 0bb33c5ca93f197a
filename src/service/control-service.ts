import type { CallContext } from "nice-grpc";
import { DomainError, invalidField } from "../domain/errors.js";
import type { Fixture } from "../domain/fixture.js";
import type { Limits } from "../domain/limits.js";
import type { CaptureServiceImplementation } from "../gen/hangup/v1/capture.js";
import type {
  ControlRequest,
  ControlResponse,
  ControlServiceImplementation,
  DeepPartial,
} from "../gen/hangup/v1/control.js";
import type { DaemonServiceImplementation } from "../gen/hangup/v1/daemon.js";
import type { EventServiceImplementation } from "../gen/hangup/v1/event.js";
import type { ListenerServiceImplementation } from "../gen/hangup/v1/listener.js";
import type { ScopeServiceImplementation } from "../gen/hangup/v1/scope.js";
import type { SessionServiceImplementation } from "../gen/hangup/v1/session.js";
import { type CallObserver, observeRefused, rpcName } from "./observed-calls.js";
import { type BugReport, toStatus } from "./status.js";

/** The service by whose name carried calls are told of. */
export const controlName = "hangup.v1.ControlService";

/** The methods that a stream can carry. */
export type Methods = CaptureServiceImplementation &
  Pick<EventServiceImplementation, "listEvents"> &
  ListenerServiceImplementation &
  ScopeServiceImplementation &
  SessionServiceImplementation &
  Pick<DaemonServiceImplementation, "getInfo">;

type Call = Exclude<NonNullable<ControlRequest["request"]>, { $case: "cancel" }>;
type Reply = DeepPartial<ControlResponse>;

/** Replies that wait for a client that does not take them; from there on no more calls are read. */
const maxUnsent = 128;

/** Calls under way that neither wait nor dial. */
const otherCalls = 1000;

/**
 * Calls of one stream that are under way. Those past it are refused, and not left unread: behind them may be the
 * `cancel` of one of the others. Never less than may wait and be dialed by other bounds, which say so themselves.
 */
function mostCalls({ waiters, sessions }: Limits): number {
  return waiters + sessions + otherCalls;
}

/** The gRPC face of the control stream: calls the methods of the other services, which are observed by themselves. */
export function controlService(
  fixture: Fixture,
  methods: Methods,
  reportBug: BugReport,
  observer?: CallObserver,
): ControlServiceImplementation {
  return {
    async *control(requests, context) {
      const stream = new ControlStream(methods, context, mostCalls(fixture.limits), reportBug, observer);
      const onStop = () => stream.stop();
      const onCancel = () => stream.cancel();
      fixture.stopped.addEventListener("abort", onStop, { once: true });
      context.signal.addEventListener("abort", onCancel, { once: true });
      try {
        void stream.read(requests);
        yield* stream.replies();
      } finally {
        fixture.stopped.removeEventListener("abort", onStop);
        stream.cancel();
      }
    },
  };
}

/** One client's stream: the calls under way, and the replies that are to be sent. */
class ControlStream {
  private readonly calls = new Map<bigint, StreamCall>();
  private unsent: Reply[] = [];
  /** No more calls will come, for this reason if there is one. */
  private end: { readonly error?: unknown } | undefined;
  /** Whoever sends waits for something to send; whoever reads, for room. */
  private wakeSender = () => {};
  private wakeReader = () => {};

  constructor(
    private readonly methods: Methods,
    private readonly context: CallContext,
    private readonly maxCalls: number,
    private readonly reportBug: BugReport,
    private readonly observer: CallObserver | undefined,
  ) {}

  /** Begins calls as they come, to the end of the client's side. */
  async read(requests: AsyncIterable<ControlRequest>): Promise<void> {
    try {
      for await (const request of requests) {
        if (this.end !== undefined) return;
        this.begin(request);
        if (this.unsent.length >= maxUnsent) await new Promise<void>((wake) => (this.wakeReader = wake));
      }
      this.end ??= {};
    } catch (error) {
      this.end ??= { error };
    }
    this.wakeSender();
  }

  /** The replies as they come, to the last. @throws what the stream ends with. */
  async *replies(): AsyncGenerator<Reply, void, void> {
    for (;;) {
      const { unsent } = this;
      this.unsent = [];
      this.wakeReader();
      for (const reply of unsent) yield reply;
      if (this.unsent.length > 0) continue;
      if (this.end?.error !== undefined) throw this.end.error;
      if (this.end !== undefined && this.calls.size === 0) return;
      await new Promise<void>((wake) => (this.wakeSender = wake));
    }
  }

  /** No more calls begin, and the stream ends when what is under way is answered. */
  stop(): void {
    this.end ??= {};
    this.wakeReader();
    this.wakeSender();
  }

  /** Gives up what is under way, and ends. */
  cancel(): void {
    for (const call of this.calls.values()) call.cancel();
    this.stop();
  }

  private begin({ id, request }: ControlRequest): void {
    const running = this.calls.get(id);
    if (request?.$case === "cancel") {
      running?.cancel();
    } else if (running !== undefined) {
      // Two replies with one id could not be told apart.
      throw invalidField("id", `${id} is the id of a call that has no reply yet; count up`);
    } else if (request === undefined) {
      const error = invalidField("request", "what is asked? give one, such as reset_session", "MISSING_FIELD");
      this.reply({ id, response: { $case: "error", value: toStatus(error, "", this.reportBug) } });
    } else if (this.calls.size >= this.maxCalls) {
      const error = tooManyCalls(this.maxCalls);
      const path = pathOf(request);
      if (this.observer !== undefined) observeRefused(this.observer, path, error, request.value);
      this.reply({ id, response: { $case: "error", value: toStatus(error, path, this.reportBug) } });
    } else {
      const call = new StreamCall(this.context);
      this.calls.set(id, call);
      void this.run(id, request, call);
    }
  }

  private async run(id: bigint, request: Call, call: StreamCall): Promise<void> {
    let response: Reply["response"];
    try {
      // The method of that name takes the request of that name and gives its reply.
      const method = this.methods[request.$case] as (value: unknown, context: CallContext) => Promise<never>;
      response = { $case: request.$case, value: await method(request.value, call) };
    } catch (error) {
      response = { $case: "error", value: toStatus(error, pathOf(request), this.reportBug, request.value) };
    }
    this.calls.delete(id);
    this.reply({ id, response });
  }

  private reply(reply: Reply): void {
    this.unsent.push(reply);
    this.wakeSender();
  }
}

function tooManyCalls(max: number): DomainError {
  const message = `${max} calls of this stream are under way, and no more may be; let some end, or start the daemon with a higher --max-waiters`;
  return new DomainError("RESOURCE_EXHAUSTED", "TOO_MANY_WAITERS", message);
}

/** As the log has it. */
function pathOf({ $case }: Call): string {
  return `/${controlName}/${rpcName($case)}`;
}

/** The context of one call: the stream's, with a signal of its own. */
class StreamCall implements CallContext {
  private controller: AbortController | undefined;

  constructor(private readonly stream: CallContext) {}

  get signal(): AbortSignal {
    return (this.controller ??= new AbortController()).signal;
  }

  /** Ends it, where it has asked for its signal: else it cannot stop half-way, and has its own reply. */
  cancel(): void {
    this.controller?.abort();
  }

  get metadata() {
    return this.stream.metadata;
  }

  get peer() {
    return this.stream.peer;
  }

  get header() {
    return this.stream.header;
  }

  get trailer() {
    return this.stream.trailer;
  }

  sendHeader(): void {
    this.stream.sendHeader();
  }
}
