import { DaemonServiceDefinition, GetInfoResponse } from "../gen/hangup/v1/daemon.js";
import { callOnce } from "./client.js";
import { jsonLine, rfc3339 } from "./json.js";
import type { DaemonCallOptions } from "./options.js";
import { spaced } from "./spaced.js";
import { table } from "./table.js";

/** Prints what the daemon is, and what it can do on its machine. */
export async function info(options: DaemonCallOptions): Promise<void> {
  const reply = await callOnce(options, DaemonServiceDefinition, (client, call) => client.getInfo({}, call));
  if (options.json === true) {
    process.stdout.write(jsonLine(GetInfoResponse, reply));
    return;
  }
  const { startTime, limits } = reply;
  process.stdout.write(
    table([
      ["address", reply.address],
      ["version", `${reply.version} (${reply.apiVersion})`],
      ["pid", String(reply.pid)],
      ["uid", reply.uid],
      ["started", startTime === undefined ? "" : rfc3339(startTime.seconds, startTime.nanos)],
      ["platform", `${reply.platform}, ${reply.runtime}`],
      ...Object.entries(limits ?? {}).map(([name, value]) => ["limit", `${spaced(name)} ${value}`]),
      ...reply.capabilities.map(({ name, available, reason }) => ["can", available ? name : `not ${name}: ${reason}`]),
    ]),
  );
}
