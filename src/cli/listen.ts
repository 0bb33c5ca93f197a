import { CreateListenerRequest, CreateListenerResponse, ListenerServiceDefinition } from "../gen/hangup/v1/listener.js";
import { behaviourJson, type BehaviourOptions } from "./behaviour-options.js";
import { callOnce } from "./client.js";
import { jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";

/** The options of `hangup listen`: fields of CreateListenerRequest. */
export interface ListenOptions extends DaemonCallOptions, BehaviourOptions {
  readonly label?: Readonly<Record<string, string>>;
}

/** Creates a listener, and prints what a client dials: `addr=$(hangup listen echo)`. */
export async function listen(name: string | undefined, options: ListenOptions): Promise<void> {
  const request = CreateListenerRequest.fromJSON({
    ...options,
    name,
    labels: options.label,
    behaviour: behaviourJson(options),
  });
  const reply = await callOnce(options.address, ListenerServiceDefinition, (client, call) =>
    client.createListener(request, call),
  );
  process.stdout.write(
    options.json === true ? jsonLine(CreateListenerResponse, reply) : `${reply.listener?.address ?? ""}\n`,
  );
}
