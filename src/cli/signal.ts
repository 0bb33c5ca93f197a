import { SessionServiceDefinition, SignalPlanRequest, SignalPlanResponse } from "../gen/hangup/v1/session.js";
import { callOnce } from "./client.js";
import { usageError } from "./command-error.js";
import { jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";

/** The options of `hangup signal`: whose plans are meant. */
export interface SignalOptions extends DaemonCallOptions {
  readonly session?: string;
  readonly listener?: string;
  readonly all?: boolean;
}

/** Fires a signal that steps of plans wait for, and prints how many living sessions it reached. */
export async function signal(name: string, options: SignalOptions): Promise<void> {
  const { session, listener, all } = options;
  const given = [session, listener, all].filter((target) => target !== undefined);
  if (given.length !== 1) throw usageError("use one of --session SESSION, --listener LISTENER or --all");
  const request = SignalPlanRequest.fromJSON({ ...options, signal: name });
  const reply = await callOnce(options, SessionServiceDefinition, (client, call) => client.signalPlan(request, call));
  process.stdout.write(
    options.json === true ? jsonLine(SignalPlanResponse, reply) : `${name}: ${reply.sessions} living sessions\n`,
  );
}
