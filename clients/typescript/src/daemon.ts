import { spawn } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { HangupError } from "./hangup-error.js";

// Which daemon: the one place where it is found or started.

/** Where a daemon is. */
export interface Daemon {
  /** `127.0.0.1:4264`, `[::1]:4264` or `unix:/path`. */
  readonly address: string;
  /** What it wants to see of callers. */
  readonly token?: string;
  /** Its process, where it is one that was started here. */
  readonly pid?: number;
  /** What there is to say when it cannot be reached; empty: nothing. */
  lastWords(): string;
  /** Ends it, where it was started here; resolves when it is gone. */
  stop(): Promise<void>;
}

/** How long a daemon may take to say where it is, in ms. */
const startMs = 30_000;

/** How much of what it says on standard error is kept, in characters. */
const keptText = 16_384;

/** The daemon of the environment, or one that is started now and ends with this process, however that ends. */
export async function findDaemon(env: NodeJS.ProcessEnv = process.env, folder = process.cwd()): Promise<Daemon> {
  const given = env["HANGUP_ADDRESS"]?.trim() ?? "";
  if (given === "") return startDaemon(daemonCommand(env, folder), env);
  const address = addressOf(given);
  const token = tokenOf(env);
  const stop = async () => {};
  return { address, lastWords: () => "", stop, ...(token !== undefined && { token }) };
}

/** An address as it is, checked: of one that is none gRPC makes another, or asks it until the time is over. */
function addressOf(given: string): string {
  const port = /^(?:[\w.-]+|\[[\da-f:.]+\]):(\d{1,5})$/i.exec(given)?.[1];
  const isAddress = port === undefined ? /^unix:\/./.test(given) : Number(port) >= 1 && Number(port) <= 65_535;
  if (isAddress) return given;
  throw new HangupError(
    "INVALID_ARGUMENT",
    "INVALID_SETTING",
    `HANGUP_ADDRESS is ${JSON.stringify(given)}, which is no address of a daemon: 127.0.0.1:4264, [::1]:4264 or unix:/path is one`,
  );
}

/** That of the file goes before the one of the variable, as the command has it. */
function tokenOf(env: NodeJS.ProcessEnv): string | undefined {
  const file = env["HANGUP_TOKEN_FILE"]?.trim() ?? "";
  const variable = file === "" ? "HANGUP_TOKEN" : "HANGUP_TOKEN_FILE";
  const token = (file === "" ? (env["HANGUP_TOKEN"] ?? "") : tokenFile(file)).trim();
  if (token === "" && file === "") return undefined;
  // What a header does not carry as it is; never quoted.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    const message = `${variable}: a token is one word of ASCII characters, without blanks`;
    throw new HangupError("INVALID_ARGUMENT", "INVALID_SETTING", message);
  }
  return token;
}

function tokenFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new HangupError("INVALID_ARGUMENT", "INVALID_SETTING", `HANGUP_TOKEN_FILE: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** The command line of `hangup`, as it is found from a folder. @throws HangupError where there is none. */
export function daemonCommand(env: NodeJS.ProcessEnv, folder: string, own = ownCommand()): readonly string[] {
  const given = env["HANGUP_COMMAND"]?.trim() ?? "";
  if (given !== "") return given.split(/\s+/);
  const onPath = (env["PATH"] ?? "").split(delimiter).filter(Boolean);
  const found = onPath.map((at) => join(at, "hangup")).find(isExecutable);
  if (found !== undefined) return [found];
  for (let at = resolve(folder); ; at = dirname(at)) {
    const installed = join(at, "node_modules/.bin/hangup");
    if (isExecutable(installed)) return [installed];
    const checkout = join(at, "bin/hangup.cjs");
    if (isReadable(checkout)) return [process.execPath, checkout];
    if (dirname(at) === at) break;
  }
  // Where packages are not linked into node_modules/.bin: the one that this file is a part of.
  if (own !== undefined) return [process.execPath, own];
  throw new HangupError(
    "NOT_FOUND",
    "DAEMON_NOT_FOUND",
    `no hangup daemon: HANGUP_ADDRESS and HANGUP_COMMAND are not set, and there is no hangup on the PATH, and neither node_modules/.bin/hangup nor bin/hangup.cjs in ${folder} or above; install it ("npm install --save-dev hangup"), or run the tests as "hangup run -- <test command>"`,
  );
}

function ownCommand(): string | undefined {
  const file = join(__dirname, "../bin/hangup.cjs");
  return isReadable(file) ? file : undefined;
}

function isExecutable(file: string): boolean {
  return may(file, constants.X_OK);
}

function isReadable(file: string): boolean {
  return may(file, constants.R_OK);
}

function may(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}

/** What is not for a daemon that is our own. */
const ofAnother = ["HANGUP_TOKEN", "HANGUP_TOKEN_FILE"];

async function startDaemon(command: readonly string[], env: NodeJS.ProcessEnv): Promise<Daemon> {
  const [file = "", ...args] = command;
  const child = spawn(file, [...args, "serve", "--listen", "127.0.0.1:0", "--exit-with-stdin"], {
    stdio: "pipe",
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !ofAnother.includes(name))),
  });
  // The end of the pipe that is this process's is what the daemon lives by: the kernel closes it, whatever ends us.
  child.stdin.on("error", () => {});
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-keptText)));
  const how = [...command, "serve"].join(" ");
  let over = "";
  const gone = new Promise<string>((tell) => {
    child.once("error", ({ message }) => tell(message));
    child.once("close", (code, signal) => tell(`it ended with ${signal ?? `exit code ${code}`}`));
  });
  void gone.then((text) => (over = text));
  const lastWords = () => (over === "" ? "" : `${how}: ${over}${said === "" ? "" : `; it said:\n${said.trimEnd()}`}`);
  const stop = async () => {
    child.stdin.end();
    await gone;
  };
  const line = await firstLine(child.stdout, gone);
  const ready = readyLine(line);
  if (ready === undefined) {
    const late = over === "" && line === undefined;
    child.kill("SIGKILL");
    await gone;
    const why = late ? `it did not say within ${startMs / 1000} s where it is` : over;
    const instead = line === undefined ? "" : `; it printed ${JSON.stringify(line.slice(0, 200))}`;
    const message = `the daemon was not started: ${how}: ${why}${instead}${said === "" ? "" : `; it said:\n${said.trimEnd()}`}`;
    throw new HangupError("UNAVAILABLE", "DAEMON_NOT_STARTED", message);
  }
  // Nothing of it keeps this process from its end.
  child.unref();
  for (const pipe of child.stdio) (pipe as unknown as { unref(): void } | null)?.unref();
  child.stdout.resume();
  return { ...ready, lastWords, stop };
}

/** The first line of a stream; undefined where there is none in time, or before `gone`. */
async function firstLine(stream: Readable, gone: Promise<unknown>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  let text = "";
  const line = new Promise<string>((tell) => {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      if (text.includes("\n")) return;
      text += chunk;
      const end = text.indexOf("\n");
      if (end >= 0) tell(text.slice(0, end));
    });
  });
  const late = new Promise<undefined>((tell) => {
    timer = setTimeout(() => tell(undefined), startMs);
  });
  try {
    return await Promise.race([line, late, gone.then(() => undefined)]);
  } finally {
    clearTimeout(timer);
  }
}

function readyLine(line: string | undefined): { address: string; pid: number } | undefined {
  try {
    const ready = JSON.parse(line ?? "") as { address?: unknown; pid?: unknown; apiVersion?: unknown };
    const { address, pid, apiVersion } = ready;
    if (typeof address === "string" && typeof pid === "number" && apiVersion === "hangup.v1") return { address, pid };
  } catch {
    // No ready line.
  }
  return undefined;
}
