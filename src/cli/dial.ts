import { OpenSessionRequest, OpenSessionResponse, SessionServiceDefinition } from "../gen/hangup/v1/session.js";
import { behaviourJson, type BehaviourOptions } from "./behaviour-options.js";
import { callOnce } from "./client.js";
import { longestWaitMs } from "./duration.js";
import { jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";

/** The options of `hangup dial`: fields of OpenSessionRequest. */
export interface DialOptions extends DaemonCallOptions, BehaviourOptions {
  readonly label?: Readonly<Record<string, string>>;
}

/** Opens a session to a target, and prints its name: `session=$(hangup dial 127.0.0.1:80)`. */
export async function dial(target: string, options: DialOptions): Promise<void> {
  const request = OpenSessionRequest.fromJSON({
    ...options,
    target,
    labels: options.label,
    behaviour: behaviourJson(options),
  });
  const reply = await callOnce(
    options,
    SessionServiceDefinition,
    (client, call) => client.openSession(request, call),
    longestWaitMs(options),
  );
  process.stdout.write(options.json === true ? jsonLine(OpenSessionResponse, reply) : `${reply.session?.name ?? ""}\n`);
}
