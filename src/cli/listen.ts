import { CreateListenerResponse, ListenerServiceDefinition } from "../gen/hangup/v1/listener.js";
import { callOnce } from "./client.js";
import { jsonLine } from "./json.js";
import { type DaemonCallOptions, labels, onPeerFin, wholeNumber } from "./options.js";

/** The options of `hangup listen`. */
export interface ListenOptions extends DaemonCallOptions {
  readonly host?: string;
  readonly port?: string;
  readonly unixPath?: string;
  readonly onPeerFin?: string;
  readonly label?: readonly string[];
}

/** Creates a listener, and prints what a client dials: `addr=$(hangup listen echo)`. */
export async function listen(name: string | undefined, options: ListenOptions): Promise<void> {
  const request = {
    scope: options.scope ?? "",
    name: name ?? "",
    host: options.host ?? "",
    port: options.port === undefined ? 0 : wholeNumber("--port", options.port, { max: 65_535 }),
    unixPath: options.unixPath ?? "",
    onPeerFin: onPeerFin(options.onPeerFin),
    labels: labels(options.label),
  };
  const reply = await callOnce(options.address, ListenerServiceDefinition, (client, call) =>
    client.createListener(request, call),
  );
  process.stdout.write(
    options.json === true ? jsonLine(CreateListenerResponse, reply) : `${reply.listener?.address ?? ""}\n`,
  );
}
