import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandFile, portOf, type ReadyLine, Running, scratchDirectory } from "../support/cli.js";
import { everyRpc } from "../support/every-rpc.js";
import { namespacesObstacle, TwoNamespaces } from "../support/namespaces.js";
import { nodeOnSource } from "../support/unprivileged.js";

// What others on the network see of a daemon: from a network namespace of the test's own, over a cable to the daemon's.

const obstacle = namespacesObstacle();
const withNamespaces = obstacle === undefined || process.env["CI"] === "true" ? test : test.skip;
const because = obstacle === undefined ? "" : ` (not run: ${obstacle})`;

/** Connects to every TCP port of a host, 1000 at a time, and prints what came of it: the open ports, then counts. */
const scanner = `
import collections, errno, json, select, socket, sys
host, family = sys.argv[1], socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
ports, waiting, open_ports, results = iter(range(1, 65536)), {}, [], collections.Counter()
poll = select.poll()
def done(sock, port, code):
    if code == 0: open_ports.append(port)
    results["open" if code == 0 else errno.errorcode[code]] += 1
    sock.close()
more = True
while more or waiting:
    while more and len(waiting) < 1000:
        port = next(ports, None)
        if port is None:
            more = False
            break
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        code = sock.connect_ex((host, port))
        if code == errno.EINPROGRESS:
            waiting[sock.fileno()] = (sock, port)
            poll.register(sock, select.POLLOUT)
        else:
            done(sock, port, code)
    for fd, _ in poll.poll(10000) or sys.exit("no answer from " + str(len(waiting)) + " ports"):
        sock, port = waiting.pop(fd)
        poll.unregister(fd)
        done(sock, port, sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
print(json.dumps({"open": sorted(open_ports), "results": results}))
`;

withNamespaces(
  `of 65535 ports those of the API and of the listener that was asked for answer, and no RPC without the token${because}`,
  async () => {
    await using directory = await scratchDirectory();
    await using two = await TwoNamespaces.make();
    const tokenFile = join(directory.path, "token");
    writeFileSync(tokenFile, "0123456789abcdef0123456789abcdef\n");
    const serve = ["serve", "--listen", "10.77.0.1:0", "--allow-listen", "10.77.0.0/24", "--log-level", "warn"];
    const [nsenter, ...words] = [...two.at(0), process.execPath, commandFile, ...serve, "--token-file", tokenFile];
    await using daemon = new Running(spawn(nsenter, words, { stdio: "pipe" }));
    const { address }: ReadyLine = JSON.parse(await daemon.line());
    const hangup = (end: 0 | 1, ...args: string[]) =>
      two.run(end, [process.execPath, commandFile, ...args, "--address", address, "--token-file", tokenFile]).trim();

    const asked = hangup(0, "listen", "asked", "--host", "10.77.0.1");
    // Only the daemon's own machine can see these.
    hangup(0, "listen", "inside");
    hangup(0, "listen", "inside-six", "--host", "::1");
    hangup(0, "listen", "file", "--unix-path", join(directory.path, "file.sock"));

    const scan = (host: string) => JSON.parse(two.run(1, ["python3", "-c", scanner, host], 60_000));
    const open = [portOf(address), portOf(asked)].toSorted((a, b) => a - b);
    expect(scan("10.77.0.1")).toEqual({ open, results: { open: 2, ECONNREFUSED: 65_533 } });
    expect(scan("fd77::1")).toEqual({ open: [], results: { ECONNREFUSED: 65_535 } });

    const ask = `
      const { Metadata } = require("@grpc/grpc-js");
      require(${JSON.stringify(join(__dirname, "../support/every-rpc.ts"))})
        .askEvery(${JSON.stringify(address)}, new Metadata())
        .then((codes) => console.log(JSON.stringify(codes)));`;
    const codes: Record<string, string> = JSON.parse(two.run(1, nodeOnSource(ask), 60_000));
    expect(codes).toEqual(Object.fromEntries(everyRpc().map(({ path }) => [path, "UNAUTHENTICATED"])));
    // With the token the same way is open: the refusals are not the cable's.
    expect(JSON.parse(hangup(1, "info", "--json"))).toMatchObject({ address });
  },
  120_000,
);
