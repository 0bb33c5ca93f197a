import { areas, type Profile, type ProfileNode, timeByArea } from "../../bench/profile.js";

const sources: Readonly<Record<number, string>> = {
  1: "../src/kernel/ffi.ts",
  2: "../src/domain/session.ts",
  3: "../src/gen/hangup/v1/session.ts",
  4: "../node_modules/@bufbuild/protobuf/dist/esm/wire/binary-encoding.js",
  5: "../node_modules/@grpc/grpc-js/build/src/server.js",
  6: "../node_modules/nice-grpc/lib/server/createServer.js",
};
const sourceOf = (line: number) => sources[line];

/** Children of the root, each with its own chain below: `native` and names in parentheses have no file. */
function profileOf(...chains: readonly (readonly (readonly [string, string, number?])[])[]): Profile {
  const nodes: ProfileNode[] = [];
  const leaves: number[] = [];
  const children: number[] = [];
  nodes.push({ id: 1, callFrame: frame("(root)", ""), children });
  for (const chain of chains) {
    chain.forEach(([functionName, url, line], depth) => {
      const id = nodes.length + 1;
      if (depth === 0) children.push(id);
      const below = depth === chain.length - 1 ? [] : [id + 1];
      nodes.push({ id, callFrame: frame(functionName, url, line), children: below });
      if (depth === chain.length - 1) leaves.push(id);
    });
  }
  return { nodes, samples: leaves, timeDeltas: leaves.map((_, index) => 10 ** index), startTime: 1000 };
}

function frame(functionName: string, url: string, lineNumber = 0): ProfileNode["callFrame"] {
  return { functionName, url, lineNumber, columnNumber: 0 };
}

function spent(profile: Profile, window?: [number, number]): Record<string, number> {
  return Object.fromEntries([...timeByArea(profile, sourceOf, window)].filter(([, us]) => us > 0));
}

test("a function's time is that of the file that it was written in", () => {
  const bundled = [1, 2, 3, 4, 5, 6].map((line) => [["f", "hangup.cjs", line]] as const);
  expect(spent(profileOf(...bundled))).toEqual({
    "system calls through the FFI": 1,
    "own code": 10,
    "encoding and decoding of messages": 1100,
    "gRPC (grpc-js, nice-grpc)": 110_000,
  });
  const ofNode = ["node:net", "node:internal/streams/writable", "node:internal/http2/core", "node:internal/timers"];
  expect(spent(profileOf(...ofNode.map((url) => [["f", url]] as const)))).toEqual({
    "Node's sockets (node:net, streams, write(2))": 11,
    "HTTP/2 (node:http2)": 100,
    "Node, the rest": 1000,
  });
});

test("native functions take the time of who called them, but for close(2); waiting takes none", () => {
  const profile = profileOf(
    [["(idle)", ""]],
    [["(garbage collector)", ""]],
    [["(program)", ""]],
    [
      ["write", "hangup.cjs", 2],
      ["", ""],
    ],
    [
      ["end", "node:net"],
      ["close", ""],
    ],
  );
  expect(spent(profile)).toEqual({
    "garbage collection": 10,
    [areas.at(-1) ?? ""]: 100,
    "own code": 1000,
    "close(2) of sockets and listeners": 10_000,
  });
});

test("what lies before and after the window does not count", () => {
  const profile = profileOf([["a", "node:net"]], [["b", "node:net"]], [["c", "node:net"]]);
  expect(spent(profile, [1002, 1011])).toEqual({ "Node's sockets (node:net, streams, write(2))": 10 });
});
