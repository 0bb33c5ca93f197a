import { rename, unlink, writeFile } from "node:fs/promises";
import { destination, pino } from "pino";
import { startDaemon, StartError } from "../daemon.js";
import { parseAddress } from "../kernel/address.js";
import { apiVersion } from "../service/server.js";
import { version } from "../version.js";
import { parseDuration } from "./duration.js";

/** The options of `hangup serve`, as the command line has them. */
export interface ServeOptions {
  readonly listen: string;
  readonly readyFile?: string;
  readonly exitWithStdin?: boolean;
  readonly idleTimeout?: string;
  readonly insecure?: boolean;
  readonly logLevel: string;
}

/** Runs the daemon until it is told to end; gives the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const listen = parseAddress(options.listen);
  if (listen === undefined) {
    throw new StartError(`--listen ${options.listen}: use 127.0.0.1:4264, [::1]:0 or unix:/path`);
  }
  // Written at once: a log that comes after the fact is lost when the process is.
  const logger = pino({ level: options.logLevel, base: { pid: process.pid } }, destination({ dest: 2, sync: true }));
  const daemon = await startDaemon({
    listen,
    insecure: options.insecure === true,
    idleTimeoutMs: options.idleTimeout === undefined ? undefined : parseDuration("--idle-timeout", options.idleTimeout),
    logger,
  });
  const onSignal = (signal: NodeJS.Signals) => {
    logger.info({ signal }, "stopping");
    void daemon.stop();
  };
  process.once("SIGTERM", onSignal);
  process.once("SIGINT", onSignal);
  if (options.exitWithStdin === true) {
    process.stdin.once("end", () => void daemon.stop()).once("error", () => void daemon.stop());
    process.stdin.resume();
  }
  const ready = `${JSON.stringify({ address: daemon.address, pid: process.pid, version, apiVersion })}\n`;
  if (options.readyFile !== undefined) await writeAtOnce(options.readyFile, ready);
  process.stdout.write(ready);
  await daemon.ended;
  if (options.readyFile !== undefined) await unlink(options.readyFile).catch(() => undefined);
  if (options.exitWithStdin === true) process.stdin.destroy();
  return 0;
}

/** Whoever waits for the file to be there finds it whole. */
async function writeAtOnce(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, text);
  await rename(draft, path);
}
