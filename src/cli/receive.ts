import { ReceiveDataRequest, ReceiveDataResponse, SessionServiceDefinition } from "../gen/hangup/v1/session.js";
import { callOnce } from "./client.js";
import { CommandError } from "./command-error.js";
import { longestWaitMs } from "./duration.js";
import { jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";

/** Takes bytes that the peer sent, and prints them as they are. An error behind them is an error, as it is of cat(1). */
export async function receive(session: string, options: DaemonCallOptions): Promise<void> {
  const request = ReceiveDataRequest.fromJSON({ ...options, session });
  const reply = await callOnce(
    options,
    SessionServiceDefinition,
    (client, call) => client.receiveData(request, call),
    longestWaitMs(options),
  );
  if (options.json === true) {
    process.stdout.write(jsonLine(ReceiveDataResponse, reply));
    return;
  }
  process.stdout.write(reply.data);
  if (reply.errno !== "")
    throw new CommandError(reply.errno, `${reply.data.length} bytes, and then an error of the peer's`);
}
