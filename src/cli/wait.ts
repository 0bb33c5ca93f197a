import { SessionServiceDefinition, WaitSessionRequest, WaitSessionResponse } from "../gen/hangup/v1/session.js";
import { callOnce } from "./client.js";
import { longestWaitMs } from "./duration.js";
import { jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";

/** Waits until all that is asked of a session holds, and prints its name. */
export async function wait(session: string | undefined, options: DaemonCallOptions): Promise<void> {
  const request = WaitSessionRequest.fromJSON({ ...options, session });
  const reply = await callOnce(
    options,
    SessionServiceDefinition,
    (client, call) => client.waitSession(request, call),
    longestWaitMs(options),
  );
  process.stdout.write(options.json === true ? jsonLine(WaitSessionResponse, reply) : `${reply.session?.name ?? ""}\n`);
}
