import { rename, unlink, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { startDaemon } from "../daemon.js";
import { parseAddress } from "../kernel/address.js";
import { apiVersion } from "../service/server.js";
import { version } from "../version.js";
import { CommandError, usageError } from "./command-error.js";
import { parseDuration } from "./duration.js";
import { stderrLog } from "./log.js";

/** The options of `hangup serve`, as the command line has them. */
export interface ServeOptions {
  readonly listen: string;
  readonly readyFile?: string;
  readonly exitWithStdin?: boolean;
  readonly idleTimeout?: string;
  readonly insecure?: boolean;
  readonly logLevel: string;
}

/** Runs the daemon until it is told to end. */
export async function serve(options: ServeOptions): Promise<void> {
  const listen = parseAddress(options.listen);
  if (listen === undefined) throw usageError(`--listen ${options.listen}: use 127.0.0.1:4264, [::1]:0 or unix:/path`);
  const idleTimeoutMs =
    options.idleTimeout === undefined ? undefined : parseDuration("--idle-timeout", options.idleTimeout);
  const logger = stderrLog(options.logLevel);

  // From before the start, so that an early signal is an end in order as well.
  const told = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    // Whoever asks twice does not want to wait.
    if (told.signal.aborted) process.exit(128 + constants.signals[signal]);
    logger.info({ signal }, "stopping");
    told.abort();
  };
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);

  await using daemon = await startDaemon({ listen, insecure: options.insecure === true, idleTimeoutMs, logger });
  const stop = () => void daemon.stop();
  if (told.signal.aborted) return;
  told.signal.addEventListener("abort", stop);
  const ready = `${JSON.stringify({ address: daemon.address, pid: process.pid, version, apiVersion })}\n`;
  if (options.readyFile !== undefined) await writeAtOnce(options.readyFile, ready);
  process.stdout.write(ready);
  if (options.exitWithStdin === true) process.stdin.once("end", stop).once("error", stop).resume();
  await daemon.ended;
  if (options.readyFile !== undefined) await unlink(options.readyFile).catch(() => undefined);
  if (options.exitWithStdin === true) process.stdin.destroy();
}

/** Whoever waits for the file to be there finds it whole. */
async function writeAtOnce(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  try {
    await writeFile(draft, text);
    await rename(draft, path);
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(code ?? "READY_FILE", `--ready-file ${path} cannot be written: ${message}`);
  }
}
