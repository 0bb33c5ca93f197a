import { Event, Event_Kind, EventServiceDefinition } from "../gen/hangup/v1/event.js";
import { answerMs, useService } from "./client.js";
import { CommandError, usageError } from "./command-error.js";
import { eventText } from "./event-text.js";
import { jsonLine } from "./json.js";
import type { DaemonCallOptions } from "./options.js";

/** The options of `hangup watch`. */
export interface WatchOptions extends DaemonCallOptions {
  readonly afterSequence?: number;
  readonly maxEvents?: number;
  readonly listener?: string;
  readonly session?: string;
  readonly kinds?: string;
  readonly daemonUid?: string;
}

/** Prints events, one on a line, as they happen. */
export async function watch(options: WatchOptions): Promise<void> {
  const { afterSequence, maxEvents = 0 } = options;
  const request = {
    scope: options.scope ?? "",
    listener: options.listener ?? "",
    session: options.session ?? "",
    kinds: kindsOf(options.kinds),
    afterSequence: afterSequence === undefined ? undefined : BigInt(afterSequence),
    maxEvents,
    daemonUid: options.daemonUid ?? "",
  };
  const print = options.json === true ? (event: Event) => jsonLine(Event, event) : eventText;
  let last: Event | undefined;
  await useService(options, EventServiceDefinition, async (client) => {
    // A daemon says at once that the stream has begun; how long the first event takes is up to the world.
    const begun = new AbortController();
    const silence = setTimeout(() => begun.abort(), answerMs);
    try {
      for await (const { events } of client.streamEvents(request, { signal: begun.signal })) {
        clearTimeout(silence);
        process.stdout.write(events.map(print).join(""));
        last = events.at(-1) ?? last;
      }
    } finally {
      clearTimeout(silence);
    }
  });
  // A stream that ends with it has ended with its scope; one of `default` or all scopes may have it last by chance.
  const { scope } = request;
  if (!["", "default", "-"].includes(scope) && last?.fact?.$case === "scopeEnded") return;
  if (maxEvents === 0) throw new CommandError("DAEMON_STOPPING", `the daemon at ${options.address} has ended`);
}

/** `session_opened,peer-fin`: the names of the kinds in any dress. */
function kindsOf(text: string | undefined): Event_Kind[] {
  if (text === undefined) return [];
  const known = Object.keys(Event_Kind).filter((name) => name !== "UNSPECIFIED" && name !== "UNRECOGNIZED");
  return text.split(",").map((word) => {
    const name = known.find((candidate) => candidate === word.trim().toUpperCase().replaceAll("-", "_"));
    if (name === undefined) throw usageError(`--kinds ${word}: use ${known.join(", ").toLowerCase()}`);
    return Event_Kind[name as keyof typeof Event_Kind];
  });
}
