import {
  type Client,
  ClientError,
  type CompatServiceDefinition,
  createChannel,
  createClientFactory,
  Metadata,
  Status,
} from "nice-grpc";
import { errorDetailsClientMiddleware, RichClientError } from "nice-grpc-error-details";
import { type Address, formatAddress, parseAddress } from "../kernel/address.js";
import { CommandError, usageError } from "./command-error.js";
import { type Endpoint, tokenOf, transportTo } from "./credentials.js";

/** How long a daemon may take to answer, beyond what was asked to be waited for, in ms. */
export const answerMs = 10_000;

/**
 * Makes one use of a service of a daemon, and turns what the daemon or the connection to it says into
 * an error of one line.
 */
export async function useService<Definition extends CompatServiceDefinition, Result>(
  daemon: Endpoint,
  definition: Definition,
  use: (client: Client<Definition>) => Promise<Result>,
): Promise<Result> {
  const { address } = daemon;
  const token = tokenOf(daemon);
  const target = targetOf(address);
  const transport = transportTo(target, daemon);
  const channel = createChannel(channelTarget(target), transport?.credentials, {
    ...transport?.options,
    // A proxy of the environment is for the outside world: the daemon is reached directly or not at all.
    "grpc.enable_http_proxy": 0,
    "grpc.max_receive_message_length": -1,
  });
  try {
    const factory = createClientFactory().use(errorDetailsClientMiddleware);
    const metadata = token === undefined ? Metadata() : Metadata({ authorization: `Bearer ${token}` });
    return await use(factory.create(definition, channel, { "*": { metadata } }));
  } catch (error) {
    throw commandError(address, error);
  } finally {
    channel.close();
  }
}

/** Makes one call that answers within `waitMs`, which the daemon itself watches over, and a moment more. */
export async function callOnce<Definition extends CompatServiceDefinition, Reply>(
  daemon: Endpoint,
  definition: Definition,
  ask: (client: Client<Definition>, options: { signal: AbortSignal }) => Promise<Reply>,
  waitMs = 0,
): Promise<Reply> {
  const signal = AbortSignal.timeout(waitMs + answerMs);
  return useService(daemon, definition, (client) => ask(client, { signal }));
}

function targetOf(address: string): Address {
  const parsed = parseAddress(address);
  if (parsed === undefined || (parsed.kind === "tcp" && parsed.port === 0)) {
    throw usageError(`${address} is no address of a daemon: use 127.0.0.1:4264, [::1]:4264 or unix:/path`);
  }
  return parsed;
}

function channelTarget(target: Address): string {
  return target.kind === "unix" ? `unix://${target.path}` : formatAddress(target);
}

export function commandError(address: string, error: unknown): unknown {
  // By its name: where nothing was sent yet it is what the signal throws, a DOMException.
  if (error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError")) {
    return new CommandError("DEADLINE_EXCEEDED", `${address} does not answer as a hangup daemon`);
  }
  if (!(error instanceof ClientError)) return error;
  const info =
    error instanceof RichClientError
      ? error.extra.find((detail) => detail.$type === "google.rpc.ErrorInfo")
      : undefined;
  if (info !== undefined) return new CommandError(info.reason, error.details);
  if (error.code === Status.UNAVAILABLE) {
    const errno = /\bE[A-Z]{4,}\b/.exec(error.details)?.[0];
    return new CommandError(
      errno ?? "UNAVAILABLE",
      errno === "ECONNREFUSED" || errno === "ENOENT"
        ? `no daemon at ${address}; start one with "hangup serve", or say --address`
        : `the daemon at ${address} cannot be reached: ${error.details}`,
    );
  }
  return new CommandError(Status[error.code] ?? String(error.code), error.details);
}
