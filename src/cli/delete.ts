import { DeleteListenerRequest, DeleteListenerResponse, ListenerServiceDefinition } from "../gen/hangup/v1/listener.js";
import type { EndingCounts } from "../gen/hangup/v1/session.js";
import { callOnce } from "./client.js";
import { longestWaitMs } from "./duration.js";
import { throwFailures } from "./failures.js";
import { jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";
import { table } from "./table.js";

/** Deletes a listener, and prints how its sessions ended. */
export async function deleteListener(listener: string, options: DaemonCallOptions): Promise<void> {
  const request = DeleteListenerRequest.fromJSON({ ...options, listener });
  const reply = await callOnce(
    options,
    ListenerServiceDefinition,
    (client, call) => client.deleteListener(request, call),
    // Its drain takes longer than other waits.
    2 * longestWaitMs(options),
  );
  process.stdout.write(
    options.json === true ? jsonLine(DeleteListenerResponse, reply) : countsText(listener, reply.counts),
  );
  throwFailures(reply.failures, reply.counts?.sessions ?? 0n);
}

function countsText(listener: string, counts: EndingCounts | undefined): string {
  if (counts === undefined) return `${listener}\n`;
  return `${listener}, ${counts.sessions} sessions\n${table(
    [
      ["", "FIN", "RST", "NONE"],
      ["local end", `${counts.localFin}`, `${counts.localRst}`, `${counts.localNone}`],
      ["peer end", `${counts.peerFin}`, `${counts.peerRst}`, `${counts.peerNone}`],
    ],
    "  ",
  )}`;
}
