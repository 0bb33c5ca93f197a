import { CaptureServiceDefinition } from "../../../src/gen/hangup/v1/capture.js";
import { ControlRequest, ControlResponse, type DeepPartial } from "../../../src/gen/hangup/v1/control.js";
import { DaemonServiceDefinition } from "../../../src/gen/hangup/v1/daemon.js";
import { EventServiceDefinition } from "../../../src/gen/hangup/v1/event.js";
import { ListenerServiceDefinition } from "../../../src/gen/hangup/v1/listener.js";
import { ScopeServiceDefinition } from "../../../src/gen/hangup/v1/scope.js";
import { SessionServiceDefinition } from "../../../src/gen/hangup/v1/session.js";
import type { Daemon } from "./daemon.js";
import { daemonError, type Failure } from "./failure.js";
import { HangupError } from "./hangup-error.js";
import { inTime } from "./in-time.js";
import { given } from "./session.js";
import { sharedWire } from "./shared-wire.js";
import { type MessageStream, type Pending, type Wire } from "./wire.js";

// Calls as messages and errors. Most go over one control stream, each with an id: that is quicker than an RPC of its own
// (see overhead.sh). What streams is an RPC of its own, and so is a request that is long: it holds up no other, and one
// that is too long for the daemon ends nothing but itself.

type AnyRequest = NonNullable<ControlRequest["request"]>;
type AnyResponse = NonNullable<ControlResponse["response"]>;

/** The calls that a control stream carries, by their names. */
export type CallName = Exclude<AnyRequest["$case"], "cancel">;
/** The request of a call. */
export type RequestOf<Name extends CallName> = DeepPartial<Extract<AnyRequest, { $case: Name }>["value"]>;
/** The reply of a call. */
export type ResponseOf<Name extends CallName> = Extract<AnyResponse, { $case: Name }>["value"];

/** How long a call may take. */
export interface CallLimits {
  /** What the daemon itself was asked to wait at most, in ms; 0 if not given. */
  readonly waitMs?: number | undefined;
  /** How long it may take at most, in ms; if not given, as long as the daemon was asked to wait, and what an answer takes. */
  readonly timeoutMs?: number | undefined;
  /** Gives the call up; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How long the daemon may take to answer, beyond what it was asked to wait, in ms. */
export const answerMs = 10_000;

/** The longest request that goes over the control stream, in bytes. */
const longestSharedBytes = 64 * 1024;

/** What grpc-js needs of a call. */
interface Method<Request, Response> {
  readonly path: string;
  readonly requestType: { encode(message: Request): { finish(): Uint8Array } };
  readonly responseType: { decode(bytes: Uint8Array): Response };
}

const services: readonly {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, Omit<Method<unknown, unknown>, "path"> & { readonly name: string }>>;
}[] = [
  ListenerServiceDefinition,
  SessionServiceDefinition,
  EventServiceDefinition,
  CaptureServiceDefinition,
  ScopeServiceDefinition,
  DaemonServiceDefinition,
];

/** A connection to a daemon. */
export class Connection {
  readonly #wire: Wire;
  /** Whether what is at the address has ever answered as a daemon does. */
  #hasAnswered = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  get daemon(): Daemon {
    return this.#wire.daemon;
  }

  /** One call and its reply. Calls of up to 64 KiB begin in the order in which this is called. */
  async call<Name extends CallName>(
    name: Name,
    value: RequestOf<Name>,
    { waitMs = 0, timeoutMs, signal }: CallLimits = {},
  ): Promise<ResponseOf<Name>> {
    signal?.throwIfAborted();
    const { pending, read } = this.#begin(name, value);
    let response: AnyResponse;
    try {
      // Its timer is also what keeps the process alive until the reply is there: the connection itself does not.
      const reply = await inTime(pending.reply, timeoutMs ?? waitMs + answerMs, signal);
      if (reply === undefined)
        throw timeoutMs === undefined ? noAnswer(this.daemon, waitMs + answerMs) : notOver(timeoutMs);
      response = read(reply.value);
      this.#hasAnswered = true;
    } catch (thrown) {
      pending.cancel();
      // Errors are made here, so that their stack has the lines of the test.
      throw isFailure(thrown) ? this.#errorOf(thrown) : thrown;
    }
    if (response.$case === "error") throw daemonError(response.value);
    return response.value as ResponseOf<Name>;
  }

  #begin<Name extends CallName>(
    name: Name,
    value: RequestOf<Name>,
  ): { pending: Pending; read: (reply: Uint8Array) => AnyResponse } {
    // Before it is anywhere: what cannot be written would end the stream, and with it the calls of others.
    const request = encoded({ request: { $case: name, value } as DeepPartial<AnyRequest> });
    if (request.length <= longestSharedBytes) {
      return { pending: this.#wire.call(request), read: (reply) => given(ControlResponse.decode(reply).response) };
    }
    const { path, requestType, responseType } = methodOf(name);
    const whole = ControlRequest.decode(request).request;
    return {
      pending: this.#wire.callAlone(path, requestType.encode(whole?.value).finish()),
      read: (reply) => ({ $case: name, value: responseType.decode(reply) }) as AnyResponse,
    };
  }

  /** An RPC that answers with a stream; the messages come as they are read. */
  openStream<Request, Response>(
    { path, requestType, responseType }: Method<Request, Response>,
    request: Request,
  ): MessageStream<Response> {
    const stream = this.#wire.openStream(path, requestType.encode(request).finish());
    const answered = () => (this.#hasAnswered = true);
    const errorOf = (thrown: unknown) => (isFailure(thrown) ? this.#errorOf(thrown) : thrown);
    return {
      cancel: () => stream.cancel(),
      async *[Symbol.asyncIterator]() {
        try {
          for await (const message of stream) {
            const decoded = responseType.decode(message);
            answered();
            yield decoded;
          }
        } catch (thrown) {
          throw errorOf(thrown);
        }
      },
    };
  }

  /** What comes first over a stream, or an error when the daemon does not answer. */
  async within<Part>(first: Promise<Part>, giveUp: () => void): Promise<Part> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      giveUp();
    }, answerMs);
    try {
      return await first;
    } catch (error) {
      throw isLate ? noAnswer(this.daemon, answerMs) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  #errorOf(failure: Failure): HangupError {
    const error = daemonError(failure);
    if (error.reason !== "") return error;
    if (error.code === "DEADLINE_EXCEEDED") return new HangupError("DEADLINE_EXCEEDED", "NO_ANSWER", error.message);
    // What never was a daemon says this and that, as a server of HTTP/1 does. The other two are of our own doing.
    const isNone = !this.#hasAnswered && error.code !== "CANCELLED" && error.code !== "RESOURCE_EXHAUSTED";
    if (!isNone && error.code !== "UNAVAILABLE") return error;
    const why = this.daemon.lastWords() || failure.message;
    const message = `the daemon at ${this.daemon.address} cannot be reached: ${why}; see HANGUP_ADDRESS, or leave it unset to have one started`;
    return new HangupError("UNAVAILABLE", "DAEMON_GONE", message);
  }
}

/** @throws HangupError where a value is none that its field can have */
function encoded(request: DeepPartial<ControlRequest>): Uint8Array {
  try {
    return ControlRequest.encode(ControlRequest.fromPartial(request)).finish();
  } catch (cause) {
    throw new HangupError("INVALID_ARGUMENT", "INVALID_REQUEST", (cause as Error).message, { cause });
  }
}

function methodOf(name: CallName): Method<unknown, unknown> {
  for (const { fullName, methods } of services) {
    const method = methods[name];
    if (method !== undefined) return { ...method, path: `/${fullName}/${method.name}` };
  }
  throw new Error(`no service has ${name}`);
}

function noAnswer({ address }: Daemon, afterMs: number): HangupError {
  return new HangupError(
    "DEADLINE_EXCEEDED",
    "NO_ANSWER",
    `no answer within ${afterMs} ms: ${address} does not answer as a hangup daemon`,
  );
}

function notOver(afterMs: number): HangupError {
  return new HangupError(
    "DEADLINE_EXCEEDED",
    "WAIT_TIMEOUT",
    `it is not over within ${afterMs} ms; what it has done stays done`,
  );
}

function isFailure(thrown: unknown): thrown is Failure {
  return typeof thrown === "object" && thrown !== null && "details" in thrown && "code" in thrown;
}

/** An error of another realm as one of this: so `instanceof` says what it is. */
function asOwn(thrown: unknown): unknown {
  if (thrown instanceof HangupError || (thrown as HangupError | undefined)?.name !== "HangupError") return thrown;
  const { code, reason, message, cause } = thrown as HangupError;
  return new HangupError(code, reason, message, { cause });
}

let shared: Promise<Connection> | undefined;

/** The connection that all of this process share. What failed to start is tried again at the next use. */
export function sharedConnection(): Promise<Connection> {
  shared ??= sharedWire().then(
    (wire) => new Connection(wire),
    (thrown: unknown) => {
      shared = undefined;
      throw asOwn(thrown);
    },
  );
  return shared;
}
