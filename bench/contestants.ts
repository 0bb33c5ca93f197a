import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { connect, createServer } from "node:net";
import { basename, join, resolve as absolute } from "node:path";
import { ask, Child } from "./child.js";

// Who is measured: the daemon on each Node that there is, and its peers. What is built from the checkout is built here;
// what is installed (`npm run bench:peers`) is only looked for. What is missing is skipped by name.

const root = join(__dirname, "..");
const peers = join(root, "bench/peers");
export const cacheFolder = process.env["HANGUP_BENCH_CACHE"] ?? join(root, "node_modules/.cache/bench");
const bin = join(cacheFolder, "bin");

/** How a contestant is commanded: the `-way` of the driver. */
export type Way = "unary" | "stream" | "http" | "lines";

export interface Running {
  readonly contestant: Contestant;
  readonly pid: number;
  /** Where it is commanded. */
  readonly address: string;
  /** Flags of the driver that command it so. */
  flags(way?: Way): string[];
  signal(name: NodeJS.Signals): void;
  /** The next line of JSON that it tells. */
  read<Line>(): Promise<Line>;
  stop(): Promise<void>;
}

export interface Contestant {
  /** `Node 20` for the daemon there, else the peer's name. */
  readonly name: string;
  readonly isHangup: boolean;
  readonly ways: readonly [Way, ...Way[]];
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Of the daemon: that of its bundle. */
  readonly sourceMap?: string;
  start(nodeArgs?: readonly string[]): Promise<Running>;
}

export interface Contestants {
  readonly all: readonly Contestant[];
  readonly hangups: readonly Contestant[];
  readonly peers: readonly Contestant[];
  /** Who is not there, and why. */
  readonly skipped: ReadonlyMap<string, string>;
  /** Each contestant's version, by its name. */
  readonly versions: Readonly<Record<string, string>>;
  /** The client of all, and the far end of many connections; undefined where they could not be built. */
  readonly driver: string | undefined;
  readonly load: string | undefined;
  /** A Python with grpcio. */
  readonly python: string | undefined;
}

export const toxiproxy = "Toxiproxy";
export const epoll = "C epoll";
export const goEcho = "Go";

/** @param against other checkouts, built, whose daemons are measured beside the one of this. */
export function findContestants(against: readonly string[] = []): Contestants {
  mkdirSync(bin, { recursive: true });
  const skipped = new Map<string, string>();
  const versions: Record<string, string> = {};
  const build = (name: string, command: string, args: readonly string[], cwd: string): boolean => {
    const { error, status, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
    if (error === undefined && status === 0) return true;
    skipped.set(name, error === undefined ? `${command}: ${stderr.trim().split("\n").at(-1)}` : `no ${command}`);
    return false;
  };
  const cc = (name: string, program: string): string | undefined => {
    const out = join(bin, program);
    return build(name, "cc", ["-O2", "-o", out, join(peers, `${program}.c`)], root) ? out : undefined;
  };
  const go = (name: string, program: string): string | undefined => {
    const out = join(bin, program);
    return build(name, "go", ["build", "-o", out, `./${program}`], join(peers, "go")) ? out : undefined;
  };

  const load = cc("load", "load");
  const driver = go("driver", "driver");
  const hangups: Contestant[] = [];
  for (const major of [20, 24]) {
    const node = nodeOf(major);
    if (node === undefined) skipped.set(`Node ${major}`, "not installed (npm run bench:peers)");
    else {
      hangups.push(hangup(`Node ${major}`, node, root));
      for (const one of against) hangups.push(hangup(`Node ${major} of ${basename(one)}`, node, absolute(one)));
      versions[`Node ${major}`] = said(node, ["--version"]);
    }
  }
  const found: Contestant[] = [];
  const upstream = cc(epoll, "epoll-echo");
  const proxy = join(bin, "toxiproxy-server");
  if (!existsSync(proxy)) skipped.set(toxiproxy, "not installed (npm run bench:peers)");
  else if (upstream === undefined) skipped.set(toxiproxy, `no upstream for it: ${skipped.get(epoll)}`);
  else {
    found.push(toxiproxyContestant(proxy, upstream));
    versions[toxiproxy] = said("go", ["version", "-m", proxy]).match(/toxiproxy\/v2\s+(v\S+)/)?.[1] ?? "unknown";
  }
  if (upstream !== undefined) {
    found.push(contestant(epoll, ["lines"], upstream, []));
    versions[epoll] = said("cc", ["--version"]);
  }
  const echo = go(goEcho, "echo");
  if (echo !== undefined) {
    found.push(contestant(goEcho, ["unary"], echo, []));
    versions[goEcho] = said("go", ["version"]);
  }
  const python = join(cacheFolder, "python/bin/python");
  const hasPython = existsSync(python);
  if (hasPython) versions["Python"] = said(python, ["--version"]);
  else skipped.set("Python", "not installed (npm run bench:peers)");
  return {
    all: [...hangups, ...found],
    hangups,
    peers: found,
    skipped,
    versions,
    driver,
    load,
    python: hasPython ? python : undefined,
  };
}

/** The programs that most measures cannot do without. */
export function tools({ driver, load, skipped }: Contestants): { readonly driver: string; readonly load: string } {
  if (driver === undefined) throw new Error(`no driver: ${skipped.get("driver")}`);
  if (load === undefined) throw new Error(`no load: ${skipped.get("load")}`);
  return { driver, load };
}

function hangup(name: string, node: string, checkout: string): Contestant {
  const [daemon, sourceMap] = [join(checkout, "bin/hangup.cjs"), join(checkout, "dist/hangup.cjs.map")];
  if (!existsSync(daemon) || !existsSync(sourceMap))
    throw new Error(`${checkout}: no checkout of hangup that is built`);
  // The build makes the code cache for its own Node alone.
  const cache = "scripts/code-cache.cjs";
  if (existsSync(join(checkout, cache))) {
    spawnSync(node, [cache], { cwd: checkout, stdio: ["ignore", "inherit", "inherit"] });
  }
  const args = [daemon, "serve", "--listen", "127.0.0.1:0", "--log-level", "error"];
  const streams = existsSync(join(checkout, "proto/hangup/v1/control.proto"));
  return contestant(name, streams ? ["unary", "stream"] : ["unary"], node, args, sourceMap);
}

function contestant(
  name: string,
  ways: readonly [Way, ...Way[]],
  command: string,
  args: readonly string[],
  sourceMap?: string,
): Contestant {
  const self: Contestant = {
    name,
    isHangup: sourceMap !== undefined,
    ways,
    command,
    args,
    env: {},
    ...(sourceMap !== undefined && { sourceMap }),
    async start(nodeArgs = []) {
      const child = Child.start(command, [...nodeArgs, ...args]);
      const { address } = await child.read<{ address: string }>();
      return running(self, child, address, []);
    },
  };
  return self;
}

/** It logs each connection if it is let to: its best case is without. */
const quiet = { LOG_LEVEL: "error" };

function toxiproxyContestant(command: string, upstreamCommand: string): Contestant {
  const self: Contestant = {
    name: toxiproxy,
    isHangup: false,
    ways: ["http"],
    command,
    args: [],
    env: quiet,
    async start() {
      const upstream = Child.start(upstreamCommand, []);
      const behind = await listenByLine((await upstream.read<{ address: string }>()).address);
      const port = await freePort();
      const child = Child.start(command, ["-host", "127.0.0.1", "-port", String(port)], quiet);
      await awaitPort(port);
      const started = running(self, child, `127.0.0.1:${port}`, ["-upstream", behind]);
      return { ...started, stop: async () => void (await Promise.all([started.stop(), upstream.stop("SIGTERM")])) };
    },
  };
  return self;
}

function running(of: Contestant, child: Child, address: string, flags: readonly string[]): Running {
  return {
    contestant: of,
    pid: child.pid,
    address,
    flags: (way = of.ways[0]) => ["-way", way, "-address", address, ...flags],
    signal: (name) => child.signal(name),
    read: () => child.read(),
    stop: () => child.stop("SIGTERM"),
  };
}

/** Runs the driver once, for what it tells in one line. */
export function drive<Line>(driver: string, flags: readonly string[], ...task: readonly string[]): Promise<Line> {
  return ask<Line>(driver, [...flags, ...task]);
}

function nodeOf(major: number): string | undefined {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const path = join(cacheFolder, `node-${major}/node_modules/${name}/bin/node`);
  return existsSync(path) ? path : undefined;
}

function said(command: string, args: readonly string[]): string {
  const { stdout } = spawnSync(command, args, { encoding: "utf8" });
  return command.endsWith("go") && args.includes("-m") ? stdout : (stdout.split("\n")[0] ?? "");
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function awaitPort(port: number): Promise<void> {
  for (const deadline = performance.now() + 10_000; ; ) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    } finally {
      socket.destroy();
    }
  }
}

async function listenByLine(address: string): Promise<string> {
  const [host = "", port = ""] = address.split(":");
  const socket = connect(Number(port), host);
  socket.write("listen\n");
  const [reply] = (await once(socket, "data")) as [Buffer];
  socket.end();
  return `${host}:${reply.toString().trim().split(" ")[1]}`;
}
