import type { Plan } from "../gen/hangup/v1/plan.js";
import { OpenSessionRequest, OpenSessionResponse, SessionServiceDefinition } from "../gen/hangup/v1/session.js";
import { behaviourJson, type BehaviourOptions } from "./behaviour-options.js";
import { callOnce } from "./client.js";
import { longestWaitMs } from "./duration.js";
import { jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";

/** The options of `hangup dial`: fields of OpenSessionRequest. */
export interface DialOptions extends DaemonCallOptions, BehaviourOptions {
  readonly label?: Readonly<Record<string, string>>;
  /** A file. */
  readonly plan?: string;
}

/** Opens a session to a target, and prints its name: `session=$(hangup dial 127.0.0.1:80)`. */
export async function dial(target: string, options: DialOptions): Promise<void> {
  const { plan: file, ...fields } = options;
  const request = OpenSessionRequest.fromJSON({
    ...fields,
    target,
    labels: options.label,
    behaviour: behaviourJson(options),
  });
  const reply = await withPlan(file, (plan) =>
    callOnce(
      options,
      SessionServiceDefinition,
      (client, call) => client.openSession(plan === undefined ? request : { ...request, plan }, call),
      longestWaitMs(options),
    ),
  );
  process.stdout.write(options.json === true ? jsonLine(OpenSessionResponse, reply) : `${reply.session?.name ?? ""}\n`);
}

/** Makes a call with the plan of a file, if one was named; what is wrong with it is told by its line. */
async function withPlan<Reply>(
  file: string | undefined,
  call: (plan: Plan | undefined) => Promise<Reply>,
): Promise<Reply> {
  if (file === undefined) return call(undefined);
  const { plan, located } = await (await import("./fixture-file.js")).readOnePlanFile(file);
  try {
    return await call(plan);
  } catch (error) {
    throw located(error);
  }
}
