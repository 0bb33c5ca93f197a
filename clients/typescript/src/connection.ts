import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { Status } from "../../../src/gen/google/rpc/status.js";
import {
  ControlRequest,
  ControlResponse,
  ControlServiceDefinition,
  type DeepPartial,
} from "../../../src/gen/hangup/v1/control.js";
import { type Daemon, findDaemon } from "./daemon.js";
import { daemonError, type Failure } from "./failure.js";
import { HangupError } from "./hangup-error.js";

// How calls go to the daemon and come back: the one place that knows of gRPC. All calls go over one control stream, each
// with an id: that is quicker than an RPC of its own (see overhead.sh). What streams is an RPC of its own.

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
  /** Gives the call up; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How long the daemon may take to answer, beyond what it was asked to wait, in ms. */
export const answerMs = 10_000;

/** The longest time of a timer of Node, in ms. */
const longestTimerMs = 2 ** 31 - 1;

interface Waiting {
  readonly resolve: (response: AnyResponse) => void;
  readonly reject: (error: unknown) => void;
}

/** What grpc-js needs of a call. */
interface Method<Request, Response> {
  readonly path: string;
  readonly requestType: { encode(message: Request): { finish(): Uint8Array } };
  readonly responseType: { decode(bytes: Uint8Array): Response };
}

/** A stream of messages from the daemon. */
export interface MessageStream<Message> extends AsyncIterable<Message> {
  cancel(): void;
}

const control: Method<ControlRequest, ControlResponse> = {
  path: `/${ControlServiceDefinition.fullName}/${ControlServiceDefinition.methods.control.name}`,
  requestType: ControlRequest,
  responseType: ControlResponse,
};

/** A control stream, and the calls of it that have no reply yet. */
interface Control {
  readonly stream: ClientDuplexStream<Buffer, ControlResponse>;
  readonly waiting: Map<bigint, Waiting>;
}

/** A connection to a daemon. */
export class Connection {
  readonly #client: Client;
  readonly #metadata = new Metadata();
  #control: Control | undefined;
  #lastId = 0n;

  constructor(readonly daemon: Daemon) {
    const target = daemon.address.replace(/^unix:(?=\/)/, "unix://");
    this.#client = new Client(target, credentials.createInsecure(), {
      // A proxy of the environment is for the outside world: the daemon is reached directly or not at all.
      "grpc.enable_http_proxy": 0,
      "grpc.max_receive_message_length": -1,
    });
    if (daemon.token !== undefined) this.#metadata.set("authorization", `Bearer ${daemon.token}`);
  }

  /** One call and its reply. Calls begin in the order in which this is called. */
  async call<Name extends CallName>(
    name: Name,
    value: RequestOf<Name>,
    { waitMs = 0, signal }: CallLimits = {},
  ): Promise<ResponseOf<Name>> {
    signal?.throwIfAborted();
    const id = (this.#lastId += 1n);
    // Before it is anywhere: what cannot be written would end the stream, and with it the calls of others.
    const request = encoded({ id, request: { $case: name, value } as DeepPartial<AnyRequest> });
    this.#control ??= this.#openControl();
    const { stream, waiting } = this.#control;
    const late = Symbol("late");
    let giveUp: ((why: unknown) => void) | undefined;
    const reply = new Promise<AnyResponse>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      giveUp = (why) => {
        stream.write(encoded({ id, request: { $case: "cancel", value: {} } }));
        reject(why);
      };
    });
    // Also what keeps the process alive until the reply is there: the connection itself does not.
    const timer = setTimeout(() => giveUp?.(late), Math.min(waitMs + answerMs, longestTimerMs));
    const onAbort = () => giveUp?.(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    stream.write(request);
    let response: AnyResponse;
    try {
      response = await reply;
    } catch (thrown) {
      // Errors are made here, so that their stack has the lines of the test.
      if (thrown === late) throw noAnswer(this.daemon, waitMs + answerMs);
      throw isFailure(thrown) ? this.#errorOf(thrown) : thrown;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      waiting.delete(id);
    }
    if (response.$case === "error") throw daemonError(response.value);
    return response.value as ResponseOf<Name>;
  }

  /** An RPC that answers with a stream; the messages come as they are read. */
  openStream<Request, Response>(
    { path, requestType, responseType }: Method<Request, Response>,
    request: Request,
  ): MessageStream<Response> {
    const stream = this.#client.makeServerStreamRequest(
      path,
      (message: Request) => toBuffer(requestType.encode(message).finish()),
      (bytes) => responseType.decode(bytes),
      request,
      this.#metadata,
    );
    // Errors are told to who reads; when nobody does they are nobody's.
    stream.on("error", () => {});
    const errorOf = (error: unknown) => this.#errorOf(failureOf(error as ServiceError));
    return {
      cancel: () => stream.cancel(),
      async *[Symbol.asyncIterator]() {
        try {
          for await (const message of stream) yield message as Response;
        } catch (error) {
          throw errorOf(error);
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

  /** Lets go of the connection: what is under way fails. */
  close(): void {
    this.#control?.stream.cancel();
    this.#client.close();
  }

  #openControl(): Control {
    const { path, responseType } = control;
    const stream = this.#client.makeBidiStreamRequest(
      path,
      (bytes: Buffer) => bytes,
      (bytes) => responseType.decode(bytes),
      this.#metadata,
    );
    const opened: Control = { stream, waiting: new Map() };
    const ended = (failure: Failure) => {
      if (this.#control === opened) this.#control = undefined;
      for (const { reject } of opened.waiting.values()) reject(failure);
    };
    stream.on("data", ({ id, response }: ControlResponse) => {
      if (response !== undefined) opened.waiting.get(id)?.resolve(response);
    });
    stream.on("error", (error: ServiceError) => ended(failureOf(error)));
    stream.on("end", () => ended({ code: status.UNAVAILABLE, message: "its control stream has ended", details: [] }));
    return opened;
  }

  #errorOf(failure: Failure): HangupError {
    const error = daemonError(failure);
    if (error.reason !== "" || error.code !== "UNAVAILABLE") return error;
    const why = this.daemon.lastWords() || failure.message;
    const message = `the daemon at ${this.daemon.address} cannot be reached: ${why}; see HANGUP_ADDRESS, or leave it unset to have one started`;
    return new HangupError("UNAVAILABLE", "DAEMON_UNREACHABLE", message);
  }
}

/** @throws HangupError where a value is none that its field can have */
function encoded(request: DeepPartial<ControlRequest>): Buffer {
  try {
    return toBuffer(ControlRequest.encode(ControlRequest.fromPartial(request)).finish());
  } catch (cause) {
    throw new HangupError("INVALID_ARGUMENT", "INVALID_ARGUMENT", (cause as Error).message, { cause });
  }
}

/** The bytes as they are: not a copy. */
function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function noAnswer({ address }: Daemon, afterMs: number): HangupError {
  return new HangupError(
    "DEADLINE_EXCEEDED",
    "NO_ANSWER",
    `no answer within ${afterMs} ms: ${address} does not answer as a hangup daemon`,
  );
}

function isFailure(thrown: unknown): thrown is Failure {
  return typeof thrown === "object" && thrown !== null && "details" in thrown && "code" in thrown;
}

/** What an RPC ended with; its details are in a trailer. */
function failureOf(error: ServiceError): Failure {
  const [trailer] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (Buffer.isBuffer(trailer)) return Status.decode(trailer);
  return { code: error.code ?? status.UNKNOWN, message: error.details ?? error.message, details: [] };
}

let shared: Promise<Connection> | undefined;

/** The connection that all of this process share. What failed to start is tried again at the next use. */
export function sharedConnection(): Promise<Connection> {
  shared ??= findDaemon()
    .then((daemon) => new Connection(daemon))
    .catch((error: unknown) => {
      shared = undefined;
      throw error;
    });
  return shared;
}
