import { readdirSync } from "node:fs";
import { getHeapSpaceStatistics } from "node:v8";
import { pino } from "pino";
import { type DaemonOptions, startDaemon } from "../../../src/daemon.js";
import { countTimers } from "./count-timers.js";
import type { Insides } from "./insides.js";

/** What is said to the process of a daemon. */
export type Question = { readonly ask: "insides" } | { readonly ask: "stop" };

/** What it says. */
export type Answer =
  | { readonly told: "ready"; readonly address: string }
  | { readonly told: "insides"; readonly insides: Insides };

/** A daemon in a process of its own whose insides can be asked: by IPC, for its API tells nothing of them. */
export async function daemonProcess(options: Pick<DaemonOptions, "limits">): Promise<void> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("it needs --expose-gc");
  const timers = countTimers();
  await using daemon = await startDaemon({
    listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
    logger: pino({ level: "info" }, pino.destination({ dest: 2, sync: true })),
    ...options,
  });
  const tell = (answer: Answer) => process.send?.(answer);
  const insides = async (): Promise<Insides> => {
    // Twice: what is only weakly held goes with the second one.
    for (let round = 0; round < 2; round += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      gc();
    }
    const resources: Record<string, number> = {};
    for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
    const { rss, heapUsed } = process.memoryUsage();
    const rssBytes = rss - youngBytes();
    // Reading the folder opens one.
    const descriptors = readdirSync("/proc/self/fd").length - 1;
    const { user, system } = process.cpuUsage();
    const cpuMs = (user + system) / 1000;
    return { cpuMs, rssBytes, heapBytes: heapUsed, descriptors, resources, timers: timers() };
  };
  process.on("message", (question: Question) => {
    if (question.ask === "stop") void daemon.stop();
    else void insides().then((told) => tell({ told: "insides", insides: told }));
  });
  // Whoever started it is gone.
  process.on("disconnect", () => process.exit(1));
  tell({ told: "ready", address: daemon.address });
  await daemon.ended;
  process.removeAllListeners("disconnect");
  process.disconnect?.();
}

/** What V8 keeps for objects to come. */
function youngBytes(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name }) => space_name.startsWith("new_"))
    .reduce((sum, { physical_space_size }) => sum + physical_space_size, 0);
}
