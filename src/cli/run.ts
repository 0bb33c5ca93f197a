import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { resolve } from "node:path";
import { startDaemon } from "../daemon.js";
import type { AccessOptions } from "../entrance.js";
import { parseAddress } from "../kernel/address.js";
import { CommandError, usageError } from "./command-error.js";
import { credentialVariables } from "./credentials.js";
import { stderrLog } from "./log.js";

/** The options of `hangup run`. */
export interface RunOptions extends AccessOptions {
  readonly listen: string;
  readonly logLevel: string;
  readonly tokenFile?: string;
}

/** The signals that the command gets too. */
export const passedOn = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/** How long the daemon may take to end once the command has, in ms. */
const stopMs = 3000;

/**
 * Runs a command beside a daemon of its own, and gives the exit code of the command. The daemon lives in this very
 * process, so that no signal, SIGKILL included, can take the one and leave the other behind.
 */
export async function run(command: readonly string[], options: RunOptions): Promise<number> {
  const listen = parseAddress(options.listen);
  if (listen === undefined) throw usageError(`--listen ${options.listen}: use 127.0.0.1:0, [::1]:0 or unix:/path`);
  const early: NodeJS.Signals[] = [];
  let child: ChildProcess | undefined;
  for (const signal of passedOn) {
    process.on(signal, () => {
      if (child === undefined) early.push(signal);
      else if (!commandHasItToo(signal)) child.kill(signal);
    });
  }
  const { tokenFile, allowListen, allowDial, allowUnix } = options;
  const access = { tokenFile, allowListen, allowDial, allowUnix };
  const daemon = await startDaemon({ listen, logger: stderrLog(options.logLevel), ...access });
  try {
    const [first] = early;
    if (first !== undefined) return 128 + constants.signals[first];
    const [file = "", ...args] = command;
    child = spawn(file, args, { stdio: "inherit", env: environment(daemon.address, tokenFile) });
    return await exitCodeOf(child, file);
  } finally {
    await Promise.race([daemon.stop(), delay(stopMs, undefined, { ref: false })]);
  }
}

/** What the command has to know to call this daemon, and nothing that is for another one. */
function environment(address: string, tokenFile: string | undefined): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, HANGUP_ADDRESS: address };
  for (const name of credentialVariables) delete env[name];
  if (tokenFile !== undefined) env["HANGUP_TOKEN_FILE"] = resolve(tokenFile);
  return env;
}

/** As shells have it: 128 and the number of the signal that ended it, 127 not found, 126 not executable. */
async function exitCodeOf(child: ChildProcess, file: string): Promise<number> {
  const exit = await once(child, "exit").catch((error: NodeJS.ErrnoException) => error);
  if (exit instanceof Error) {
    const { code = "SPAWN_FAILED" } = exit;
    const notFound = code === "ENOENT";
    throw new CommandError(
      code,
      notFound ? `${file}: no such command` : `${file}: cannot be executed`,
      notFound ? 127 : 126,
    );
  }
  const [code, signal] = exit as [number | null, NodeJS.Signals | null];
  return signal === null ? (code ?? 1) : 128 + constants.signals[signal];
}

/**
 * Ctrl-C and Ctrl-\ in a terminal go to its whole foreground process group, the command included: passed on as well
 * they would come twice, and a second SIGINT makes many test runners give up in the middle of their clean-up.
 */
export function commandHasItToo(signal: NodeJS.Signals): boolean {
  return (signal === "SIGINT" || signal === "SIGQUIT") && isForeground();
}

/** This process is in the foreground group of its terminal (proc(5): pgrp is the 5th field of stat, tpgid the 8th). */
function isForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[2] === fields[5];
  } catch {
    return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  }
}
