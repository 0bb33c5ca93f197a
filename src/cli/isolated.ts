import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import type { Duplex } from "node:stream";
import type { AccessOptions } from "../entrance.js";
import { inheritedPipe } from "../kernel/inherited-pipe.js";
import { loadFfi } from "../kernel/ffi.js";
import {
  bringLoopbackUp,
  endProcessesIn,
  keepCapabilitiesFromChildren,
  type NetworkNamespace,
  networkNamespaceOf,
} from "../kernel/namespace.js";
import { CommandError, usageError } from "./command-error.js";
import { commandHasItToo, passedOn } from "./run.js";

// `hangup run --isolated`: this process starts a second `hangup run` in a user and network namespace of its own
// (user_namespaces(7)), where the daemon may do everything and sees nothing but its own loopback. They hold the two
// ends of a pipe, so each notices that the other is gone, and then ends what is left in the namespace.

/** EX_UNAVAILABLE (sysexits.h): this machine does not let this user have a namespace. */
export const unavailableExitCode = 69;

/** The descriptor of the pipe, in the process inside. */
const lifelineFd = 3;

/**
 * How unshare(1) is asked, the best first: the user keeps its number inside, and what it may do there survives the
 * exec of Node; or, where unshare is older than util-linux 2.36 or is busybox's, the user is root inside.
 */
const ways = [
  ["--user", "--net", "--map-current-user", "--keep-caps"],
  ["-U", "-n", "-r"],
];

/** Whether a command can be isolated here, and why not. */
export type IsolationAvailability =
  | { readonly available: true; readonly unshare: readonly string[] }
  | { readonly available: false; readonly reason: string };

/** Makes a namespace and lets it go again: a few ms. */
export function probeIsolated(): IsolationAvailability {
  const load = loadFfi();
  if (!load.available) return load;
  let reason = "";
  for (const unshare of ways) {
    const { error, status, stderr } = spawnSync("unshare", [...unshare, "true"], { encoding: "utf8" });
    if (error !== undefined)
      return { available: false, reason: `the unshare command cannot be run (${error.message})` };
    if (status === 0) return { available: true, unshare };
    reason ||= stderr.trim().split("\n")[0] ?? "";
  }
  return { available: false, reason: forbiddenBy() ?? reason };
}

/** The settings by which machines forbid user namespaces to those who are not root. */
const settings = [
  { path: "/proc/sys/kernel/unprivileged_userns_clone", forbids: "0" },
  { path: "/proc/sys/user/max_user_namespaces", forbids: "0" },
  { path: "/proc/sys/user/max_net_namespaces", forbids: "0" },
  { path: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", forbids: "1" },
];

function forbiddenBy(): string | undefined {
  for (const { path, forbids } of settings) {
    try {
      const name = path.slice("/proc/sys/".length).replaceAll("/", ".");
      if (readFileSync(path, "utf8").trim() === forbids) {
        return `unprivileged user namespaces are forbidden by ${name}=${forbids}`;
      }
    } catch {
      // Not a setting of this kernel.
    }
  }
  return undefined;
}

/** The options of `hangup run --isolated`. */
export interface IsolatedOptions extends AccessOptions {
  readonly listen: string;
  readonly logLevel: string;
  /** The command too may do there what the daemon may. */
  readonly privileged?: boolean;
  readonly tokenFile?: string;
}

/**
 * Runs a command and a daemon for it in a namespace of their own, and gives the exit code of the command. Whatever
 * the command leaves running there ends with it.
 */
export async function runIsolated(command: readonly string[], options: IsolatedOptions): Promise<number> {
  const availability = probeIsolated();
  if (!availability.available) throw unavailable(availability.reason);
  const hangup = [process.execPath, ...process.execArgv, process.argv[1] ?? ""];
  const inside = ["run", options.privileged === true ? "--inside=privileged" : "--inside"];
  const rest = ["--listen", options.listen, "--log-level", options.logLevel, ...accessOf(options), "--", ...command];
  const child = spawn("unshare", [...availability.unshare, ...hangup, ...inside, ...rest], {
    stdio: ["inherit", "inherit", "inherit", "pipe"],
  });
  for (const signal of passedOn) {
    process.on(signal, () => {
      if (!commandHasItToo(signal)) child.kill(signal);
    });
  }
  let held: Held | undefined;
  // It says when it is inside, and starts nothing before it is answered.
  const lifeline = child.stdio[lifelineFd] as Duplex;
  lifeline
    .on("error", () => undefined)
    .once("data", () => {
      held = hold(child.pid);
      lifeline.write("go on\n");
    });
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  if (held !== undefined) {
    endProcessesIn(held.namespace);
    closeSync(held.fd);
  }
  return signal === null ? (code ?? 1) : 128 + constants.signals[signal];
}

/** The options of who may call and where it may listen and dial, once more. */
function accessOf({ tokenFile, allowListen = [], allowDial = [], allowUnix = [] }: IsolatedOptions): string[] {
  const each = (option: string, values: readonly string[]) => values.flatMap((value) => [option, value]);
  return [
    ...each("--token-file", tokenFile === undefined ? [] : [tokenFile]),
    ...each("--allow-listen", allowListen),
    ...each("--allow-dial", allowDial),
    ...each("--allow-unix", allowUnix),
  ];
}

interface Held {
  readonly namespace: NetworkNamespace;
  /** Held open, so that its number cannot come to be another namespace's. */
  readonly fd: number;
}

function hold(pid: number | undefined): Held | undefined {
  if (pid === undefined) return undefined;
  try {
    const fd = openSync(`/proc/${pid}/ns/net`, "r");
    const namespace = networkNamespaceOf(pid);
    // Never our own: what is in there is not ours to end.
    if (namespace !== undefined && namespace !== networkNamespaceOf("self")) return { namespace, fd };
    closeSync(fd);
  } catch {
    // Gone already: it started nothing.
  }
  return undefined;
}

/**
 * Called in the process inside before it starts anything; `how` is what `--inside` was given. When the process outside
 * is gone, however it went, everything in the namespace ends.
 */
export async function enterIsolation(how: string | true): Promise<void> {
  const namespace = networkNamespaceOf("self");
  // In the namespace of whoever started us everything would be others'.
  if (namespace === undefined || namespace === networkNamespaceOf(process.ppid)) {
    throw usageError("--inside is for `hangup run --isolated` alone");
  }
  const lifeline = inheritedPipe(lifelineFd);
  lifeline
    .on("error", () => undefined)
    .once("close", () => {
      endProcessesIn(namespace);
      // The command may not have been started yet: as any run, this one ends then.
      process.kill(process.pid, "SIGTERM");
    });
  lifeline.write("inside\n");
  await once(lifeline, "data");
  lifeline.resume();
  lifeline.unref();
  try {
    bringLoopbackUp();
  } catch (error) {
    throw unavailable((error as Error).message);
  }
  if (how !== "privileged") keepCapabilitiesFromChildren();
}

function unavailable(reason: string): CommandError {
  return new CommandError("ISOLATION_UNAVAILABLE", `--isolated: ${reason}`, unavailableExitCode);
}
