import { type Daemon, findDaemon } from "./daemon.js";

// For test runners that have a global set-up: one daemon for all their workers, which find it by the environment that they
// inherit. It ends with the runner's own process, however that ends.

/** Of several that ask at once, as the projects of vitest do, the first one starts it. */
let daemon: Promise<Daemon> | undefined;

/** `globalSetup` of jest and vitest: starts the daemon, if there is none; gives what ends it, which vitest calls. */
export default async function setup(): Promise<() => Promise<void>> {
  daemon ??= findDaemon();
  try {
    process.env["HANGUP_ADDRESS"] = (await daemon).address;
  } catch (error) {
    daemon = undefined;
    throw error;
  }
  return globalTeardown;
}

/** For node:test (`--test-global-setup`), which wants it by this name. */
export async function globalSetup(): Promise<void> {
  await setup();
}

/** Ends the daemon that was started here. */
export async function globalTeardown(): Promise<void> {
  const asked = daemon;
  daemon = undefined;
  const started = await asked;
  if (started?.pid === undefined) return;
  delete process.env["HANGUP_ADDRESS"];
  await started.stop();
}
