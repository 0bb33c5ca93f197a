import { OpenSessionResponse, SessionServiceDefinition } from "../gen/hangup/v1/session.js";
import { callOnce } from "./client.js";
import { optionalDuration, parseDuration } from "./duration.js";
import { jsonLine } from "./json.js";
import { type DaemonCallOptions, labels, onPeerFin } from "./options.js";

/** The options of `hangup dial`. */
export interface DialOptions extends DaemonCallOptions {
  readonly name?: string;
  readonly timeout?: string;
  readonly localAddress?: string;
  readonly onPeerFin?: string;
  readonly label?: readonly string[];
}

/** Opens a session to a target, and prints its name: `session=$(hangup dial 127.0.0.1:80)`. */
export async function dial(target: string, options: DialOptions): Promise<void> {
  const request = {
    scope: options.scope ?? "",
    name: options.name ?? "",
    target,
    timeout: optionalDuration("--timeout", options.timeout),
    localAddress: options.localAddress ?? "",
    onPeerFin: onPeerFin(options.onPeerFin),
    labels: labels(options.label),
  };
  const reply = await callOnce(
    options.address,
    SessionServiceDefinition,
    (client, call) => client.openSession(request, call),
    parseDuration("--timeout", options.timeout ?? "5s"),
  );
  process.stdout.write(options.json === true ? jsonLine(OpenSessionResponse, reply) : `${reply.session?.name ?? ""}\n`);
}
