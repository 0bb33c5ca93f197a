import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { defaultLimits, type Limits } from "./domain/limits.js";
import { Fixture } from "./domain/fixture.js";
import { accessOf, type AccessOptions, type Entrance, entranceOf, type EntranceOptions } from "./entrance.js";
import type { Fixture as FixtureMessage } from "./gen/hangup/v1/fixture.js";
import { type Address, dialableHost, formatAddress, parseAddress } from "./kernel/address.js";
import { boundApiConnections } from "./kernel/api-connections.js";
import { connectionRoom, descriptorLimit } from "./kernel/descriptors.js";
import { privately, removeStaleUnixSocket } from "./kernel/unix-socket.js";
import { keepaliveOf } from "./keepalive.js";
import { subjectOf } from "./observability/call-log.js";
import { type ObservabilityOptions, observe } from "./observability/observe.js";
import { bearing } from "./service/authentication.js";
import { bringUp, type ListenerAddresses } from "./service/bring-up.js";
import { grpcServer } from "./service/server.js";
import { StartError } from "./start-error.js";
import { version } from "./version.js";

/** How a daemon is started. */
export interface DaemonOptions extends EntranceOptions, AccessOptions, ObservabilityOptions {
  /** Where the API listens; port 0: a free one. */
  readonly listen: Address;
  /** End the daemon when no call came, and nothing lived, for so long; undefined: never. */
  readonly idleTimeoutMs?: number | undefined;
  /** How often clients are asked whether they are still there; 0: never; undefined: where it is not loopback. */
  readonly keepaliveMs?: number | undefined;
  readonly limits?: Partial<Limits>;
  /** What is to be there before a call is answered. */
  readonly fixture?: FixtureMessage | undefined;
  /** Gives up bringing the fixture up. */
  readonly signal?: AbortSignal;
  readonly logger: Logger;
}

/** A running daemon. */
export interface Daemon extends AsyncDisposable {
  /** Where its API listens, with the real port. */
  readonly address: string;
  readonly uid: string;
  /** Where its metrics are, if it was asked for them. */
  readonly metrics: string | undefined;
  /** Of the listeners that the fixture asked for. */
  readonly listeners: ListenerAddresses;
  /** Resolves when it has ended, whoever asked for it. */
  readonly ended: Promise<void>;
  /** Accepts no more calls, ends what lives, and resolves when all is gone. */
  stop(): Promise<void>;
}

/** How long calls that are under way may take to end at a stop, in ms; then they are cut off. */
const drainMs = 1000;

const apiWarnings = {
  new: ["api_connection_refused", "a connection to the API was refused"],
  idle: ["api_connection_let_go", "a connection to the API without a call was closed to make room for another"],
} as const;

/**
 * Starts a daemon: the composition root.
 *
 * @throws StartError when it cannot listen there; BringUpError when the fixture cannot be had. Nothing is left then.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { logger, listen } = options;
  const entrance = await entranceOf(listen, options);
  const asked = { ...defaultLimits, ...options.limits };
  // No more sessions than there are descriptors for, whatever was asked for.
  const fixture = new Fixture({ ...asked, sessions: Math.min(asked.sessions, connectionRoom()) }, accessOf(options));
  const observation = await observe(fixture, options);
  let address = "";
  let stopping: Promise<void> | undefined;
  let callsRunning = 0;
  let lastCall = performance.now();

  const server = grpcServer(fixture, {
    version,
    keepaliveMs: keepaliveOf(listen, options.keepaliveMs),
    descriptors: descriptorLimit(),
    authentication: entrance.authentication,
    observation,
    address: () => address,
    // After the answer has gone out.
    shutdown: () => setImmediate(() => void stop()),
    reportBug: (path, error, request) => {
      const id = randomUUID();
      logger.error({ id, path, ...subjectOf(path, request), err: error }, "a handler failed");
      return id;
    },
    onCall: async function* onCall(call, context) {
      callsRunning += 1;
      try {
        return yield* call.next(call.request, context);
      } finally {
        callsRunning -= 1;
        lastCall = performance.now();
      }
    },
  });

  const stop = (): Promise<void> => (stopping ??= end());
  const end = async (): Promise<void> => {
    clearInterval(idleTimer);
    // Ending the fixture ends its waits; streams and what else runs get a moment, then are cut. A client that does
    // not even answer our FIN keeps its connection, and would keep us waiting for as long as it likes.
    const drained = server.shutdown().catch(() => undefined);
    await fixture.stop();
    let cutTimer: NodeJS.Timeout | undefined;
    const cut = new Promise<void>((resolve) => {
      cutTimer = setTimeout(() => {
        server.forceShutdown();
        resolve();
      }, drainMs);
    });
    await Promise.race([drained, cut]);
    clearTimeout(cutTimer);
    apiBound?.[Symbol.dispose]();
    await observation[Symbol.asyncDispose]();
    logger.info("stopped");
    resolveEnded();
  };
  let resolveEnded!: () => void;
  const ended = new Promise<void>((resolve) => (resolveEnded = resolve));

  const { idleTimeoutMs } = options;
  const idleTimer =
    idleTimeoutMs === undefined
      ? undefined
      : setInterval(
          () => {
            const idle = callsRunning === 0 && !fixture.hasLife && performance.now() - lastCall >= idleTimeoutMs;
            if (idle) void stop();
          },
          Math.max(50, Math.min(1000, idleTimeoutMs / 4)),
        ).unref();

  let listeners: ListenerAddresses = {};
  let apiBound: Disposable | undefined;
  try {
    const { signal = new AbortController().signal } = options;
    if (options.fixture !== undefined) listeners = await bringUp(fixture, options.fixture, signal);
    // Last: whoever gets an answer finds the fixture there.
    address = await bind(server, listen, entrance);
    apiBound = boundApiConnections(parseAddress(address)!, {
      max: asked.connections,
      mayCall: entrance.authentication === undefined ? () => true : bearing(entrance.authentication.token),
      onClosed: (which, reason) => {
        const [event, message] = apiWarnings[which];
        observation.warnings.warn({ event, reason }, message);
      },
    });
  } catch (error) {
    clearInterval(idleTimer);
    await fixture.stop();
    await observation[Symbol.asyncDispose]();
    throw error;
  }
  const { metrics } = observation;
  logger.info({ address, uid: fixture.uid, version, metrics }, "listening");
  return { address, uid: fixture.uid, metrics, listeners, ended, stop, [Symbol.asyncDispose]: stop };
}

async function bind(
  server: ReturnType<typeof grpcServer>,
  listen: Address,
  { credentials }: Entrance,
): Promise<string> {
  if (listen.kind === "unix") await removeStaleUnixSocket(listen.path);
  const where = formatAddress(listen);
  const begin = () => server.listen(where, credentials);
  let port: number;
  try {
    port = await (listen.kind === "unix" ? privately(listen.path, begin) : begin());
  } catch (error) {
    throw bindError(where, String(error));
  }
  return listen.kind === "unix" ? where : formatAddress({ ...listen, host: dialableHost(listen.host), port });
}

function bindError(where: string, message: string): StartError {
  if (message.includes("EADDRINUSE")) {
    const hint = "is another hangup running there? --listen 127.0.0.1:0 takes a free port";
    return new StartError("PORT_IN_USE", `${where} is in use (EADDRINUSE): ${hint}`);
  }
  return new StartError("BIND_FAILED", `${where} cannot be listened on: ${message.replace(/^Error: /, "")}`);
}
