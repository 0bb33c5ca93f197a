import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { Action } from "../../src/gen/hangup/v1/action.js";
import { type ListenerServiceClient, Listener_State } from "../../src/gen/hangup/v1/listener.js";
import type { Clients } from "../support/daemon.js";

// What users of other languages see of the main endings: the programs of peers/, and curl, against real sessions.

/** An ending as the languages meet it. */
export interface Ending {
  readonly name: string;
  readonly page: string;
  readonly listener?: Parameters<ListenerServiceClient["createListener"]>[0];
  /** Absent: there is no session. */
  readonly action?: Readonly<Record<string, unknown>>;
}

const discard = { behaviour: { kind: { $case: "discard", value: {} } } } as const;
const silent = { behaviour: { kind: { $case: "silent", value: {} } } } as const;

export const languageEndings: readonly Ending[] = [
  { name: "close", page: "close", listener: discard, action: { close: {} } },
  { name: "half_close", page: "half_close", listener: discard, action: { halfClose: {} } },
  { name: "reset", page: "reset", listener: discard, action: { reset: {} } },
  { name: "reset_unread", page: "reset_unread", listener: silent, action: { resetUnread: {} } },
  { name: "fin_then_reset", page: "fin_then_reset", listener: discard, action: { finThenReset: {} } },
  { name: "vanish", page: "vanish", listener: discard, action: { vanish: {} } },
  { name: "REFUSING", page: "listener_states", listener: { state: Listener_State.REFUSING } },
  { name: "STALLED", page: "listener_states", listener: { state: Listener_State.STALLED } },
];

export const orders = ["read", "write"] as const;
export const orderNames = { read: "read, read, write", write: "write, write, read" } as const;

/** What a language gave: by ending, by the order of its calls. Undefined: it was not run, for this reason. */
export type Said = Readonly<Record<string, Readonly<Record<string, string>>>>;
export interface LanguageResult {
  readonly language: string;
  readonly version: string;
  readonly notRun?: string;
  readonly said: Said;
}

interface Language {
  readonly name: string;
  readonly version: readonly string[];
  /** Builds it into a folder, and gives the command. */
  readonly command: (sources: string, folder: string) => readonly string[];
}

const run = (command: string, args: readonly string[], cwd?: string) =>
  execFileSync(command, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
  });

const languages: readonly Language[] = [
  {
    name: "Python",
    version: ["python3", "--version"],
    command: (sources) => ["python3", join(sources, "python/peer.py")],
  },
  {
    name: "Go",
    version: ["go", "version"],
    command: (sources, folder) => {
      copyFileSync(join(sources, "go/peer.go"), join(folder, "peer.go"));
      run("go", ["build", "-o", "go-peer", "peer.go"], folder);
      return [join(folder, "go-peer")];
    },
  },
  {
    name: "Java",
    version: ["java", "--version"],
    command: (sources, folder) => {
      run("javac", ["-d", folder, join(sources, "java/Peer.java")]);
      return ["java", "-cp", folder, "Peer"];
    },
  },
  {
    name: "Rust",
    version: ["rustc", "--version"],
    command: (sources, folder) => {
      run("rustc", ["-O", "-o", join(folder, "rust-peer"), join(sources, "rust/peer.rs")]);
      return [join(folder, "rust-peer")];
    },
  },
  {
    name: "Node",
    version: ["node", "--version"],
    command: (sources) => [process.execPath, join(sources, "node/peer.mjs")],
  },
];

export const languageNames: readonly string[] = [...languages.map(({ name }) => name), "curl"];

/** The first number with dots in it. */
function versionIn(text: string): string {
  return /\d+(\.\d+)+/.exec(text)?.[0] ?? "";
}

/** Runs all of them; one whose tools are missing is told as not run. */
export async function runLanguages(clients: Clients, sources: string, folder: string): Promise<LanguageResult[]> {
  const results: LanguageResult[] = [];
  for (const { name, version, command } of languages) {
    try {
      const [program = "", ...args] = version;
      const told = versionIn(run(program, args));
      const line = command(sources, folder);
      results.push({ language: name, version: told, said: await saidBy(clients, line) });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT") throw error;
      results.push({ language: name, version: "", notRun: message, said: {} });
    }
  }
  results.push(await curl(clients));
  return results;
}

async function saidBy(clients: Clients, command: readonly string[]): Promise<Said> {
  const said: Record<string, Record<string, string>> = {};
  for (const ending of languageEndings) {
    const own: Record<string, string> = {};
    for (const order of orders) {
      const line = await oneRun(clients, ending, (address) => [...command, address, order]);
      if (!line.startsWith("{")) throw new Error(`${command.join(" ")} ${order} after ${ending.name} printed: ${line}`);
      const { connect, calls } = JSON.parse(line) as { connect: string; calls: [string, string][] };
      own[order] =
        connect === "connected" ? calls.map(([, gave]) => `\`${gave}\``).join(", ") : `connect: \`${connect}\``;
    }
    said[ending.name] = own;
  }
  return said;
}

let lastListener = 0;

/** One program against one ending, and the line it printed. */
async function oneRun(
  clients: Clients,
  ending: Ending,
  command: (address: string) => readonly string[],
): Promise<string> {
  const name = `peer-${++lastListener}`;
  const { listener } = await clients.listeners.createListener({ name, ...ending.listener });
  const [program = "", ...args] = command(listener!.address);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined);
  const printed = outputOf(child);
  if (ending.action !== undefined) {
    const session = `${name}/1`;
    // Its `hello` is here, or stays unread in the kernel where nobody reads.
    const isSilent = ending.listener?.behaviour?.kind?.$case === "silent";
    await clients.sessions.waitSession({ session, ...(isSilent ? {} : { bytesReceived: 5n }) });
    await clients.sessions.performAction({ session, action: Action.fromJSON(ending.action) });
  }
  child.stdin.end("go\n");
  const line = await printed;
  await clients.listeners.deleteListener({ listener: name });
  return line.replaceAll(listener!.address, "ADDRESS").replaceAll(`port ${listener!.port}`, "port PORT");
}

async function outputOf(child: ChildProcess): Promise<string> {
  let out = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (out += text));
  await once(child, "close", { signal: AbortSignal.timeout(20_000) });
  return out.trim();
}

const partOfBody = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it";

async function curl(clients: Clients): Promise<LanguageResult> {
  let version: string;
  try {
    version = versionIn(run("curl", ["--version"]));
  } catch (error) {
    return { language: "curl", version: "", notRun: (error as Error).message, said: {} };
  }
  const command = (address: string) => [
    "curl",
    "-sS",
    "--connect-timeout",
    "1",
    "--max-time",
    "2",
    `http://${address}/`,
  ];
  const neutral = (printed: string) => {
    const error = /curl: .*/.exec(printed)?.[0] ?? "no error";
    return `\`${error.replaceAll(/\d+ (ms|milliseconds)/g, "N ms")}\``;
  };
  const said: Record<string, Record<string, string>> = {};
  for (const ending of languageEndings) {
    const own: Record<string, string> = { request: neutral(await oneRun(clients, ending, command)) };
    const behaviour = ending.listener?.behaviour;
    if (ending.action !== undefined) {
      const banner = { $case: "bannerText", value: partOfBody } as const;
      const within = { ...ending, listener: { ...ending.listener, behaviour: { ...behaviour, banner } } };
      own["body"] = neutral(await oneRun(clients, within, command));
    }
    said[ending.name] = own;
  }
  return { language: "curl", version, said };
}
