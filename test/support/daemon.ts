import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { type Channel, createChannel, createClientFactory } from "nice-grpc";
import { errorDetailsClientMiddleware } from "nice-grpc-error-details";
import { pino } from "pino";
import { type Daemon, type DaemonOptions, startDaemon } from "../../src/daemon.js";
import { type CaptureServiceClient, CaptureServiceDefinition } from "../../src/gen/hangup/v1/capture.js";
import { type DaemonServiceClient, DaemonServiceDefinition } from "../../src/gen/hangup/v1/daemon.js";
import { type EventServiceClient, EventServiceDefinition } from "../../src/gen/hangup/v1/event.js";
import { type ListenerServiceClient, ListenerServiceDefinition } from "../../src/gen/hangup/v1/listener.js";
import { type SessionServiceClient, SessionServiceDefinition } from "../../src/gen/hangup/v1/session.js";

// What the library says of a port in use a test learns from the error.
setLogVerbosity(logVerbosity.NONE);

/** The services of one daemon, as a client sees them. Errors carry their details (see `failure.ts`). */
export class Clients implements AsyncDisposable {
  readonly channel: Channel;
  readonly listeners: ListenerServiceClient;
  readonly sessions: SessionServiceClient;
  readonly events: EventServiceClient;
  readonly info: DaemonServiceClient;
  readonly captures: CaptureServiceClient;

  /** With `apart` over a connection of their own: else all clients of an address in this process share one. */
  constructor(address: string, { apart = false } = {}) {
    // grpc-js takes the path of a unix socket only as a URI.
    const uri = address.replace(/^unix:/, "unix://");
    this.channel = createChannel(uri, undefined, { "grpc.use_local_subchannel_pool": apart ? 1 : 0 });
    const factory = createClientFactory().use(errorDetailsClientMiddleware);
    this.listeners = factory.create(ListenerServiceDefinition, this.channel);
    this.sessions = factory.create(SessionServiceDefinition, this.channel);
    this.events = factory.create(EventServiceDefinition, this.channel);
    this.info = factory.create(DaemonServiceDefinition, this.channel);
    this.captures = factory.create(CaptureServiceDefinition, this.channel);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.channel.close();
  }
}

/** A daemon in this process with clients of it over real gRPC. */
export class TestDaemon extends Clients {
  constructor(readonly daemon: Daemon) {
    super(daemon.address);
  }

  /** An echo listener by the contract's defaults, and the address to give to the judge. */
  async listen(
    name: string,
    request: Partial<Parameters<ListenerServiceClient["createListener"]>[0]> = {},
  ): Promise<{ host: string; port: number; address: string }> {
    const { listener } = await this.listeners.createListener({ name, ...request });
    if (listener === undefined) throw new Error("a reply without its listener");
    return { host: listener.host, port: listener.port, address: listener.address };
  }

  async stop(): Promise<void> {
    this.channel.close();
    await this.daemon.stop();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts a daemon on a free port of 127.0.0.1 that logs nothing. */
export async function startTestDaemon(options: Partial<DaemonOptions> = {}): Promise<TestDaemon> {
  const daemon = await startDaemon({
    listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
    logger: pino({ level: "silent" }),
    ...options,
  });
  return new TestDaemon(daemon);
}

/** A duration of the contract. */
export function ms(milliseconds: number): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(Math.floor(milliseconds / 1000)), nanos: (milliseconds % 1000) * 1e6 };
}
