import { type Daemon, findDaemon } from "./daemon.js";

// For test runners that have a global set-up: one daemon for all their workers, which find it by the environment that they
// inherit. It ends with the runner's own process, however that ends.

let daemon: Daemon | undefined;

/** `globalSetup` of jest and vitest: starts the daemon, if there is none; gives what ends it, which vitest calls. */
export default async function setup(): Promise<() => Promise<void>> {
  daemon ??= await findDaemon();
  process.env["HANGUP_ADDRESS"] = daemon.address;
  return globalTeardown;
}

/** For node:test (`--test-global-setup`), which wants it by this name. */
export async function globalSetup(): Promise<void> {
  await setup();
}

/** Ends the daemon that was started here. */
export async function globalTeardown(): Promise<void> {
  const started = daemon;
  daemon = undefined;
  if (started?.pid === undefined) return;
  delete process.env["HANGUP_ADDRESS"];
  await started.stop();
}
