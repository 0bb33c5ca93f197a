import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";

// Where a daemon's time goes, from what `node --cpu-prof` writes: its one thread, looked at every few hundred us.

/** Of the format of `.cpuprofile` what is used here. */
export interface Profile {
  readonly nodes: readonly ProfileNode[];
  /** The node of each sample, by its id, and the us since the sample before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  /** Of CLOCK_MONOTONIC, in us. */
  readonly startTime: number;
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    /** Both from 0. */
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  readonly children?: readonly number[];
}

const native = "native code that no function called (read(2), accept(2), libuv, nghttp2)";

/** What time is told by, in the order in which it is told. */
export const areas = [
  "system calls through the FFI",
  "close(2) of sockets and listeners",
  "Node's sockets (node:net, streams, write(2))",
  "own code",
  "encoding and decoding of messages",
  "gRPC (grpc-js, nice-grpc)",
  "HTTP/2 (node:http2)",
  "Node, the rest",
  "garbage collection",
  native,
] as const;
export type Area = (typeof areas)[number];

/** The source that a function of the bundle was written in, by its place there. */
export type SourceOf = (line: number, column: number) => string | undefined;

/** By the source map of a bundle. */
export function sourcesOf(map: string): SourceOf {
  const sources = new SourceMap(JSON.parse(readFileSync(map, "utf8")) as ConstructorParameters<typeof SourceMap>[0]);
  return (line, column) => {
    const entry = sources.findEntry(line, column);
    return "originalSource" in entry ? entry.originalSource : undefined;
  };
}

/** How long its thread was in each of the areas, in us, of all that lies between two points in time; waiting is none. */
export function timeByArea(
  { nodes, samples, timeDeltas, startTime }: Profile,
  sourceOf: SourceOf,
  [from, to]: readonly [number, number] = [0, Number.POSITIVE_INFINITY],
): Map<Area, number> {
  const areaOfNode = areasOf(nodes, sourceOf);
  const spent = new Map<Area, number>(areas.map((area) => [area, 0]));
  let at = startTime;
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0;
    at += delta;
    const area = areaOfNode.get(id);
    if (area !== undefined && at >= from && at <= to) spent.set(area, (spent.get(area) ?? 0) + delta);
  }
  return spent;
}

/** The area of each node; idle ones have none. Native functions have that of their caller. */
function areasOf(nodes: readonly ProfileNode[], sourceOf: SourceOf): Map<number, Area | undefined> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const found = new Map<number, Area | undefined>();
  const visit = (node: ProfileNode, caller: Area | undefined): void => {
    const own = areaOf(node, sourceOf, caller);
    found.set(node.id, own);
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) visit(child, own);
    }
  };
  const [root] = nodes;
  if (root !== undefined) visit(root, undefined);
  return found;
}

function areaOf({ callFrame }: ProfileNode, sourceOf: SourceOf, caller: Area | undefined): Area | undefined {
  const { functionName, url, lineNumber, columnNumber } = callFrame;
  if (url === "") {
    if (functionName === "(garbage collector)") return "garbage collection";
    if (functionName === "(program)") return native;
    if (functionName === "(idle)" || functionName === "(root)") return undefined;
    if (functionName === "close") return "close(2) of sockets and listeners";
    return caller;
  }
  if (/^node:(?:internal\/)?http2/.test(url)) return "HTTP/2 (node:http2)";
  if (/^node:(?:net|internal\/(?:net|stream))/.test(url)) return "Node's sockets (node:net, streams, write(2))";
  if (url.startsWith("node:")) return "Node, the rest";
  const source = sourceOf(lineNumber, columnNumber) ?? "";
  if (/\bsrc\/kernel\/ffi\.ts$/.test(source)) return "system calls through the FFI";
  if (/\/(?:@grpc|nice-grpc[^/]*)\//.test(source)) return "gRPC (grpc-js, nice-grpc)";
  if (/\bsrc\/gen\/|@bufbuild/.test(source)) return "encoding and decoding of messages";
  return "own code";
}
