import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { Status } from "../../../src/gen/google/rpc/status.js";
import { ControlRequest, ControlServiceDefinition } from "../../../src/gen/hangup/v1/control.js";
import type { Daemon } from "./daemon.js";
import type { Failure } from "./failure.js";

// Bytes to a daemon and back: the one place that knows of gRPC. It takes and gives bytes and plain values alone, because
// who asks may live in another realm (see shared-wire.ts), whose classes are not the ones of here.

/** A call under way. */
export interface Pending {
  /** The reply as it came. @throws Failure */
  readonly reply: Promise<Uint8Array>;
  /** Gives it up: the daemon need not go on, and no reply comes. */
  cancel(): void;
}

/** A stream of messages from the daemon. */
export interface MessageStream<Message> extends AsyncIterable<Message> {
  cancel(): void;
}

interface Waiting {
  readonly resolve: (reply: Uint8Array) => void;
  readonly reject: (failure: Failure) => void;
}

/** A control stream, and the calls of it that have no reply yet. */
interface Control {
  readonly stream: ClientDuplexStream<Uint8Array, Buffer>;
  readonly waiting: Map<bigint, Waiting>;
}

const controlPath = `/${ControlServiceDefinition.fullName}/${ControlServiceDefinition.methods.control.name}`;

const asTheyAre = (bytes: Buffer) => bytes;

/** A connection to a daemon. */
export class Wire {
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
      // A daemon that comes back is met at once: it is near, and to be asked in vain costs it nothing.
      "grpc.initial_reconnect_backoff_ms": 50,
      "grpc.max_reconnect_backoff_ms": 500,
    });
    if (daemon.token !== undefined) this.#metadata.set("authorization", `Bearer ${daemon.token}`);
  }

  /** A call over the stream that all calls share, in the order in which this is called: a ControlRequest without its id. */
  call(request: Uint8Array): Pending {
    const id = (this.#lastId += 1n);
    this.#control ??= this.#openControl();
    const { stream, waiting } = this.#control;
    const reply = new Promise<Uint8Array>((resolve, reject) => waiting.set(id, { resolve, reject }));
    // Fields of a message may come in parts.
    stream.write(Buffer.concat([ControlRequest.encode({ id, request: undefined }).finish(), request]));
    const cancel = () => {
      if (!waiting.delete(id)) return;
      stream.write(toBuffer(ControlRequest.encode({ id, request: { $case: "cancel", value: {} } }).finish()));
    };
    return { reply, cancel };
  }

  /** An RPC of its own. */
  callAlone(path: string, request: Uint8Array): Pending {
    let cancel = () => {};
    const reply = new Promise<Uint8Array>((resolve, reject) => {
      const made = this.#client.makeUnaryRequest(path, toBuffer, asTheyAre, request, this.#metadata, (error, bytes) => {
        if (error === null && bytes !== undefined) resolve(bytes);
        else reject(failureOf(error));
      });
      cancel = () => made.cancel();
    });
    return { reply, cancel };
  }

  /** An RPC that answers with a stream; the messages come as they are read. @throws Failure */
  openStream(path: string, request: Uint8Array): MessageStream<Uint8Array> {
    const stream = this.#client.makeServerStreamRequest(path, toBuffer, asTheyAre, request, this.#metadata);
    // Errors are told to who reads; when nobody does they are nobody's.
    stream.on("error", () => {});
    return {
      cancel: () => stream.cancel(),
      async *[Symbol.asyncIterator]() {
        try {
          for await (const message of stream) yield message as Buffer;
        } catch (error) {
          // What it ended with; no error of this realm.
          // oxlint-disable-next-line typescript/only-throw-error
          throw failureOf(error as ServiceError);
        }
      },
    };
  }

  #openControl(): Control {
    const stream = this.#client.makeBidiStreamRequest(controlPath, toBuffer, asTheyAre, this.#metadata);
    const opened: Control = { stream, waiting: new Map() };
    const ended = (failure: Failure) => {
      if (this.#control === opened) this.#control = undefined;
      for (const { reject } of opened.waiting.values()) reject(failure);
      opened.waiting.clear();
    };
    stream.on("data", (reply: Buffer) => {
      const id = idOf(reply);
      opened.waiting.get(id)?.resolve(reply);
      opened.waiting.delete(id);
    });
    stream.on("error", (error: ServiceError) => ended(failureOf(error)));
    stream.on("end", () => ended({ code: status.UNAVAILABLE, message: "its control stream has ended", details: [] }));
    return opened;
  }
}

/** The id of a ControlResponse, which is all of it that is read here. */
function idOf(reply: Uint8Array): bigint {
  const reader = new BinaryReader(reply);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1) return BigInt(reader.uint64());
    reader.skip(type, field);
  }
  return 0n;
}

/** The bytes as they are: not a copy. */
function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** What an RPC ended with; its details are in a trailer. */
function failureOf(error: ServiceError | null): Failure {
  const [trailer] = error?.metadata?.get("grpc-status-details-bin") ?? [];
  if (Buffer.isBuffer(trailer)) return Status.decode(trailer);
  return { code: error?.code ?? status.UNKNOWN, message: error?.details ?? error?.message ?? "", details: [] };
}
