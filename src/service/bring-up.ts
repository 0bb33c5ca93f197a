import type { CallContext } from "nice-grpc";
import { DomainError } from "../domain/errors.js";
import type { Fixture } from "../domain/fixture.js";
import type { Fixture as FixtureMessage } from "../gen/hangup/v1/fixture.js";
import { listenerService } from "./listener-service.js";
import { sessionService } from "./session-service.js";

/** What of a fixture could not be brought up, and why. */
export class BringUpError extends Error {
  override readonly name = "BringUpError";

  constructor(
    /** The path of the entry in the fixture: `listeners[0]`. */
    readonly entry: string,
    override readonly cause: DomainError,
  ) {
    super(`${entry}: ${cause.message}`, { cause });
  }
}

/** The addresses of listeners, by name. */
export type ListenerAddresses = Readonly<Record<string, string>>;

/**
 * Brings up what a fixture message asks for, by the very calls that a client would make, in order. What came up before
 * an error is left to the caller to end.
 *
 * @throws BringUpError
 */
export async function bringUp(
  fixture: Fixture,
  message: FixtureMessage,
  signal: AbortSignal,
): Promise<ListenerAddresses> {
  // The handlers of these calls look at nothing else of their context.
  const context = { signal } as CallContext;
  const listeners = listenerService(fixture);
  const sessions = sessionService(fixture);
  const addresses: Record<string, string> = {};
  for (const [index, request] of message.listeners.entries()) {
    const { listener } = await told(`listeners[${index}]`, listeners.createListener(request, context));
    if (listener?.name !== undefined) addresses[listener.name] = listener.address ?? "";
  }
  for (const [index, request] of message.sessions.entries()) {
    await told(`sessions[${index}]`, sessions.openSession(request, context));
  }
  return addresses;
}

async function told<Reply>(entry: string, call: Promise<Reply>): Promise<Reply> {
  try {
    return await call;
  } catch (error) {
    throw error instanceof DomainError ? new BringUpError(entry, error) : error;
  }
}
