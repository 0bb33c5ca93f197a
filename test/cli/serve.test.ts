import { once } from "node:events";
import { lstat, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Judge, startJudge } from "../support/judge.js";
import { hangup, linesOf, portOf, scratchDirectory, serve, start } from "../support/cli.js";

let judge: Judge;
beforeAll(async () => {
  judge = await startJudge();
});
afterAll(async () => judge.stop());

describe("hangup serve", () => {
  test("prints one ready line, and answers where it says", async () => {
    await using served = await serve();
    expect(served.ready).toEqual({
      address: expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/),
      pid: served.running.pid,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      apiVersion: "hangup.v1",
    });
    expect(JSON.parse(await served.verb("info", "--json"))).toMatchObject(served.ready);
    served.running.send("SIGTERM");
    const { stdout } = await served.running.exit();
    expect(linesOf(stdout)).toHaveLength(1);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("%s ends it with 0, and its port refuses", async (signal) => {
    await using served = await serve();
    const echo = await served.verb("listen", "echo");
    served.running.send(signal);
    expect(await served.running.exit()).toMatchObject({ code: 0, signal: null, stderr: "" });
    for (const address of [served.address, echo.trim()]) {
      const attempt = await judge.tryConnect({ host: "127.0.0.1", port: portOf(address) });
      expect(attempt).toMatchObject({ ok: false, errno: "ECONNREFUSED" });
    }
  });

  test("the peer of a session that lives at SIGTERM gets ECONNRESET", async () => {
    await using served = await serve();
    const echo = await served.verb("listen", "echo");
    const peer = await judge.connect({ host: "127.0.0.1", port: portOf(echo.trim()) });
    await peer.sendAll({ text: "ping" });
    expect((await peer.recvAll({ max: 4 })).data.toString()).toBe("ping");
    served.running.send("SIGTERM");
    await served.running.exit();
    expect(await peer.recv()).toMatchObject({ end: "ECONNRESET" });
    await peer.close();
  });

  test("the ready file is the ready line, and goes with the daemon", async () => {
    await using directory = await scratchDirectory();
    const path = join(directory.path, "ready.json");
    await using served = await serve("--ready-file", path);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual(served.ready);
    served.running.send("SIGTERM");
    await served.running.exit();
    await expect(lstat(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("a ready file that cannot be written ends it with 1 and one line", async () => {
    await using directory = await scratchDirectory();
    const path = join(directory.path, "missing", "ready.json");
    const { code, stdout, stderr } = await hangup([
      "serve",
      "--listen",
      "127.0.0.1:0",
      "--log-level",
      "warn",
      "--ready-file",
      path,
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^hangup: --ready-file .* \(ENOENT\)$/)]);
  });

  test("a port in use ends it with 1 and one line", async () => {
    await using served = await serve();
    const { code, stdout, stderr } = await hangup(["serve", "--listen", served.address]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^hangup: .* is in use \(EADDRINUSE\).* \(PORT_IN_USE\)$/)]);
  });

  test.each(["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.invalid:0"])(
    "refuses %s with 1 and one line",
    async (listen) => {
      const { code, stdout, stderr } = await hangup(["serve", "--listen", listen]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(linesOf(stderr)).toEqual([expect.stringMatching(/^hangup: .*--insecure \(INSECURE_ADDRESS\)$/)]);
    },
  );

  test("--insecure allows a wildcard, and tells an address that can be dialed", async () => {
    await using served = await serve("--listen", "0.0.0.0:0", "--insecure");
    expect(served.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(JSON.parse(await served.verb("info", "--json"))).toMatchObject({ pid: served.running.pid });
  });

  test("listens on IPv6 loopback", async () => {
    await using served = await serve("--listen", "[::1]:0");
    expect(served.address).toMatch(/^\[::1\]:\d+$/);
    expect(JSON.parse(await served.verb("info", "--json"))).toMatchObject({ pid: served.running.pid });
  });

  test("takes over the unix socket of a daemon that was killed, and leaves none when it ends", async () => {
    await using directory = await scratchDirectory();
    const path = join(directory.path, "api.sock");
    const address = `unix:${path}`;
    await using first = await serve("--listen", address);
    first.running.send("SIGKILL");
    await first.running.exit();
    expect((await lstat(path)).isSocket()).toBe(true);

    await using second = await serve("--listen", address);
    expect(second.address).toBe(address);
    expect(JSON.parse(await second.verb("info", "--json"))).toMatchObject({ pid: second.running.pid });
    second.running.send("SIGTERM");
    expect(await second.running.exit()).toMatchObject({ code: 0 });
    await expect(lstat(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("leaves the unix socket of a living daemon alone", async () => {
    await using directory = await scratchDirectory();
    const address = `unix:${join(directory.path, "api.sock")}`;
    await using served = await serve("--listen", address);
    const { code, stderr } = await hangup(["serve", "--listen", address]);
    expect(code).toBe(1);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/\(PORT_IN_USE\)$/)]);
    expect(JSON.parse(await served.verb("info", "--json"))).toMatchObject({ pid: served.running.pid });
  });

  test("leaves a plain file at the path alone", async () => {
    await using directory = await scratchDirectory();
    const path = join(directory.path, "notes.txt");
    await writeFile(path, "mine");
    const { code, stderr } = await hangup(["serve", "--listen", `unix:${path}`]);
    expect(code).toBe(1);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/\(PORT_IN_USE\)$/)]);
    expect(await readFile(path, "utf8")).toBe("mine");
  });

  test("--exit-with-stdin ends it with 0 when its input ends", async () => {
    await using served = await serve("--exit-with-stdin");
    served.running.endInput();
    expect(await served.running.exit()).toMatchObject({ code: 0, signal: null });
  });

  test("without --exit-with-stdin the end of its input is nothing to it", async () => {
    await using served = await serve();
    served.running.endInput();
    expect(JSON.parse(await served.verb("info", "--json"))).toMatchObject({ pid: served.running.pid });
  });

  test("--idle-timeout ends it with 0, but not while a listener lives", async () => {
    await using busy = await serve("--idle-timeout", "3s");
    await busy.verb("listen", "echo");
    // The idle one starts later and ends first: by then the busy one has been without calls for longer.
    await using idle = await serve("--idle-timeout", "3s");
    expect(await idle.running.exit()).toMatchObject({ code: 0, signal: null });
    expect(JSON.parse(await busy.verb("info", "--json"))).toMatchObject({ pid: busy.running.pid });
  });

  test("a client that answers nothing does not hold the end up", async () => {
    await using served = await serve();
    const mute = await judge.connect({ host: "127.0.0.1", port: portOf(served.address) });
    served.running.send("SIGTERM");
    expect(await served.running.exit()).toMatchObject({ code: 0, signal: null });
    await mute.close();
  });

  test("a second signal ends it at once, with 128 and its number", async () => {
    await using served = await serve("--log-level", "info");
    // It is given a moment by the first signal, which is when the second comes.
    const mute = await judge.connect({ host: "127.0.0.1", port: portOf(served.address) });
    expect(JSON.parse(await served.running.line("stderr"))).toMatchObject({ msg: "listening" });
    served.running.send("SIGTERM");
    expect(JSON.parse(await served.running.line("stderr"))).toMatchObject({ msg: "stopping", signal: "SIGTERM" });
    served.running.send("SIGINT");
    expect(await served.running.exit()).toMatchObject({ code: 130, signal: null });
    await mute.close();
  });

  test.each([
    ["--listen", "nowhere"],
    ["--idle-timeout", "soon"],
    ["--log-level", "loud"],
    ["--no-such-option", "x"],
  ])("%s %s is wrong usage: 2 and one line", async (...words) => {
    const { code, stdout, stderr } = await hangup(["serve", "--listen", "127.0.0.1:0", ...words]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^hangup: .* \(USAGE\)$/)]);
  });

  test("a proxy of the environment is not asked for the way to the daemon", async () => {
    await using served = await serve();
    const proxy = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const address = proxy.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    await using running = start(["info", "--json", "--address", served.address], { http_proxy: url, grpc_proxy: url });
    const { code, stdout } = await running.exit();
    proxy.close();
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ pid: served.running.pid });
  });
});
