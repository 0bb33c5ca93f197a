import { Listener, ListenerServiceDefinition, listener_StateToJSON } from "../gen/hangup/v1/listener.js";
import { allPages } from "./all-pages.js";
import { answerMs, useService } from "./client.js";
import { type JsonMapping, jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";
import { scopedTable } from "./table.js";

/** ListListenersResponse, but that the list is there also when it is empty: `jq .listeners[]`. */
const listMapping: JsonMapping<{ listeners: Listener[] }> = {
  toJSON: (list) => ({ listeners: list.listeners.map((listener) => Listener.toJSON(listener)) }),
};

/** Lists listeners, all pages of them, oldest first. */
export async function listeners(options: DaemonCallOptions): Promise<void> {
  const { scope = "" } = options;
  const all = await useService(options, ListenerServiceDefinition, async (client) =>
    allPages(async (at) => {
      const page = await client.listListeners({ scope, ...at }, { signal: AbortSignal.timeout(answerMs) });
      return { items: page.listeners, nextPageToken: page.nextPageToken };
    }),
  );
  if (options.json === true) {
    process.stdout.write(jsonLine(listMapping, { listeners: all }));
    return;
  }
  const row = ({ name, state, address, behaviour, accepted, openSessions }: Listener) => [
    name,
    listener_StateToJSON(state),
    address,
    behaviour?.kind?.$case ?? "",
    String(accepted),
    String(openSessions),
  ];
  process.stdout.write(scopedTable(scope, ["LISTENER", "STATE", "ADDRESS", "BEHAVIOUR", "ACCEPTED", "OPEN"], all, row));
}
