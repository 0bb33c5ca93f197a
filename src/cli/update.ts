import {
  ListenerServiceDefinition,
  listener_StateToJSON,
  UpdateListenerRequest,
  UpdateListenerResponse,
} from "../gen/hangup/v1/listener.js";
import { behaviourJson } from "./behaviour-options.js";
import { callOnce } from "./client.js";
import { jsonLine } from "./json.js";
import { type ListenOptions, withPlans } from "./listen.js";
import { table } from "./table.js";

/** Changes a listener for the connections still to come, and prints its state. */
export async function update(listener: string, options: ListenOptions): Promise<void> {
  const request = UpdateListenerRequest.fromJSON({
    ...options,
    listener,
    labels: options.label,
    behaviour: behaviourJson(options),
  });
  const reply = await withPlans(options.plan, (plans) =>
    callOnce(options, ListenerServiceDefinition, (client, call) => client.updateListener({ ...request, plans }, call)),
  );
  if (options.json === true) {
    process.stdout.write(jsonLine(UpdateListenerResponse, reply));
    return;
  }
  const { listener: updated } = reply;
  if (updated !== undefined)
    process.stdout.write(table([[updated.name, listener_StateToJSON(updated.state), updated.address]]));
}
