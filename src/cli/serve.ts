import { unlinkSync } from "node:fs";
import { rename, unlink, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import type { AccessOptions, EntranceOptions } from "../entrance.js";
import { type Daemon, type DaemonOptions, startDaemon } from "../daemon.js";
import { parseAddress } from "../kernel/address.js";
import type { ObservabilityOptions } from "../observability/observe.js";
import { BringUpError } from "../service/bring-up.js";
import { apiVersion } from "../service/server.js";
import { version } from "../version.js";
import { CommandError, usageError } from "./command-error.js";
import { parseDuration } from "./duration.js";
import { exitOnUncaught } from "./last-words.js";
import { type LimitOptions, limitsOf } from "./limit-options.js";
import { stderrLog } from "./log.js";

/** The options of `hangup serve`, as the command line has them. */
export interface ServeOptions extends LimitOptions, EntranceOptions, AccessOptions {
  readonly listen: string;
  readonly readyFile?: string;
  readonly exitWithStdin?: boolean;
  readonly idleTimeout?: string;
  readonly keepalive?: string;
  readonly fixture?: string;
  readonly metrics?: string;
  readonly otlpEndpoint?: string;
  readonly logLevel: string;
}

/** Runs the daemon until it is told to end. */
export async function serve(options: ServeOptions): Promise<void> {
  const listen = parseAddress(options.listen);
  if (listen === undefined) throw usageError(`--listen ${options.listen}: use 127.0.0.1:4264, [::1]:0 or unix:/path`);
  const observability = observabilityOf(options);
  const idleTimeoutMs =
    options.idleTimeout === undefined ? undefined : parseDuration("--idle-timeout", options.idleTimeout);
  const keepaliveMs = options.keepalive === undefined ? undefined : parseDuration("--keepalive", options.keepalive);
  const limits = limitsOf(options);
  const logger = stderrLog(options.logLevel);
  // Whoever reads the file would wait for a daemon that is no more.
  let readyFile: string | undefined;
  exitOnUncaught(logger, () => readyFile === undefined || unlinkSync(readyFile));

  // From before the start, so that an early signal is an end in order as well.
  const told = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    // Whoever asks twice does not want to wait.
    if (told.signal.aborted) process.exit(128 + constants.signals[signal]);
    logger.info({ signal }, "stopping");
    told.abort();
  };
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);

  await using daemon = await started(
    { ...guards(options), ...observability, listen, idleTimeoutMs, keepaliveMs, limits, signal: told.signal, logger },
    options.fixture,
  );
  if (daemon === undefined) return;
  const stop = () => void daemon.stop();
  if (told.signal.aborted) return;
  told.signal.addEventListener("abort", stop);
  const { address, listeners, metrics } = daemon;
  const facts = {
    address,
    pid: process.pid,
    version,
    apiVersion,
    ...(metrics === undefined ? {} : { metrics }),
    ...(options.fixture === undefined ? {} : { listeners }),
  };
  const ready = `${JSON.stringify(facts)}\n`;
  if (options.readyFile !== undefined) await writeAtOnce((readyFile = options.readyFile), ready);
  process.stdout.write(ready);
  if (options.exitWithStdin === true) process.stdin.once("end", stop).once("error", stop).resume();
  await daemon.ended;
  if (options.readyFile !== undefined) await unlink(options.readyFile).catch(() => undefined);
  if (options.exitWithStdin === true) process.stdin.destroy();
}

/** @throws CommandError for what cannot be meant. */
function observabilityOf({ metrics, otlpEndpoint }: ServeOptions): ObservabilityOptions {
  const address = metrics === undefined ? undefined : parseAddress(metrics);
  if (metrics !== undefined && address === undefined) {
    throw usageError(`--metrics ${metrics}: use 127.0.0.1:9464, [::1]:0 or unix:/path`);
  }
  if (otlpEndpoint !== undefined && !/^https?:\/\/[^/]/.test(otlpEndpoint)) {
    throw usageError(`--otlp-endpoint ${otlpEndpoint}: use a URL, such as http://127.0.0.1:4318`);
  }
  return { metrics: address, otlpEndpoint };
}

/** A daemon with what its fixture file asks for; none when told to stop before it was up. */
async function started(options: DaemonOptions, path: string | undefined): Promise<Daemon | undefined> {
  if (path === undefined) return startDaemon(options);
  const { fixture, errorAt } = await (await import("./fixture-file.js")).readFixtureFile(path);
  try {
    return await startDaemon({ ...options, fixture });
  } catch (error) {
    if (options.signal?.aborted === true) return undefined;
    if (!(error instanceof BringUpError)) throw error;
    const { entry, cause } = error;
    const { field } = cause.context;
    const inField = field !== undefined && cause.message.startsWith(`${field}: `);
    const why = inField ? cause.message.slice(`${field}: `.length) : cause.message;
    throw errorAt(field === undefined ? entry : `${entry}.${field}`, why, cause.reason);
  }
}

/** What goes on as it was typed. */
function guards(options: EntranceOptions & AccessOptions): EntranceOptions & AccessOptions {
  const { insecure, tokenFile, openHealth, tlsCert, tlsKey, tlsClientCa, allowListen, allowDial, allowUnix } = options;
  return { insecure, tokenFile, openHealth, tlsCert, tlsKey, tlsClientCa, allowListen, allowDial, allowUnix };
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
