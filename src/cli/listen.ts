import { CreateListenerRequest, CreateListenerResponse, ListenerServiceDefinition } from "../gen/hangup/v1/listener.js";
import type { Plan } from "../gen/hangup/v1/plan.js";
import { behaviourJson, type BehaviourOptions } from "./behaviour-options.js";
import { callOnce } from "./client.js";
import { jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";

/** The options of `hangup listen`: fields of CreateListenerRequest. */
export interface ListenOptions extends DaemonCallOptions, BehaviourOptions {
  readonly label?: Readonly<Record<string, string>>;
  /** A file. */
  readonly plan?: string;
}

/** Creates a listener, and prints what a client dials: `addr=$(hangup listen echo)`. */
export async function listen(name: string | undefined, options: ListenOptions): Promise<void> {
  const request = CreateListenerRequest.fromJSON({
    ...options,
    name,
    labels: options.label,
    behaviour: behaviourJson(options),
  });
  const reply = await withPlans(options.plan, (plans) =>
    callOnce(options, ListenerServiceDefinition, (client, call) => client.createListener({ ...request, plans }, call)),
  );
  process.stdout.write(
    options.json === true ? jsonLine(CreateListenerResponse, reply) : `${reply.listener?.address ?? ""}\n`,
  );
}

/** Makes a call with the plans of a file, if one was named; what is wrong with them is told by its line. */
export async function withPlans<Reply>(
  file: string | undefined,
  call: (plans: Plan[]) => Promise<Reply>,
): Promise<Reply> {
  if (file === undefined) return call([]);
  const { plans, located } = await (await import("./fixture-file.js")).readPlanFile(file);
  try {
    return await call(plans);
  } catch (error) {
    throw located(error);
  }
}
