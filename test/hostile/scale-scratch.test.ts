import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { Clients, ms } from "../support/daemon.js";
import { startJudge } from "../support/judge.js";
test("scale", async () => {
  const child = spawn(process.execPath, ["bin/hangup.cjs", "serve", "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const { address } = JSON.parse(line);
  const c = new Clients(address);
  const judge = await startJudge();
  const fds = () => readdirSync(`/proc/${child.pid}/fd`).length;
  const { listener } = await c.listeners.createListener({ name: "big", onPeerFin: 2 });
  await c.info.getInfo({});
  const base = fds();
  const N = 10000;
  const handles: number[] = [];
  let t = performance.now();
  for (let i = 0; i < N; i += 500) {
    const rs = await judge.batch(
      Array.from({ length: 500 }, () => ({ command: "connect", host: listener!.host, port: listener!.port })),
    );
    handles.push(...rs.map((r: any) => r.handle));
  }
  await c.sessions.waitSession({ listener: "big", ordinal: BigInt(N), timeout: ms(20000) });
  ((...a: unknown[]) =>
    require("node:fs").appendFileSync(
      "/tmp/hostile/scale.txt",
      JSON.stringify(a, (_, v) => (typeof v === "bigint" ? Number(v) : v)) + "\n",
    ))("connect", Math.round(performance.now() - t), "fds", fds() - base);
  // waiters that are cancelled
  const abort = new AbortController();
  const waits = Array.from({ length: 1000 }, (_, i) =>
    c.sessions
      .waitSession({ session: `big/${i + 1}`, condition: 1, timeout: ms(60000) }, { signal: abort.signal })
      .catch((e) => e.name),
  );
  const never = Array.from({ length: 1000 }, () =>
    c.sessions.waitSession({ peerPort: 1, timeout: ms(60000) }, { signal: abort.signal }).catch((e) => e.name),
  );
  await new Promise((r) => setTimeout(r, 500));
  t = performance.now();
  abort.abort();
  await Promise.all([...waits, ...never]);
  ((...a: unknown[]) =>
    require("node:fs").appendFileSync(
      "/tmp/hostile/scale.txt",
      JSON.stringify(a, (_, v) => (typeof v === "bigint" ? Number(v) : v)) + "\n",
    ))("cancelled", Math.round(performance.now() - t));
  const waits2 = Array.from({ length: 1000 }, (_, i) =>
    c.sessions.waitSession({ session: `big/${i + 1}`, condition: 1, timeout: ms(60000) }).then((r) => r.session?.ended),
  );
  t = performance.now();
  const r = await c.sessions.performAction({
    all: true,
    action: { verb: { $case: "reset", value: {} } } as any,
    maxResults: 5,
  });
  ((...a: unknown[]) =>
    require("node:fs").appendFileSync(
      "/tmp/hostile/scale.txt",
      JSON.stringify(a, (_, v) => (typeof v === "bigint" ? Number(v) : v)) + "\n",
    ))("reset all", Math.round(performance.now() - t), r.targeted, r.performed, r.failed);
  ((...a: unknown[]) =>
    require("node:fs").appendFileSync(
      "/tmp/hostile/scale.txt",
      JSON.stringify(a, (_, v) => (typeof v === "bigint" ? Number(v) : v)) + "\n",
    ))("waits2", [...new Set(await Promise.all(waits2))], Math.round(performance.now() - t));
  const ends: any = {};
  for (let i = 0; i < N; i += 500) {
    const rs = await judge.batch(
      handles.slice(i, i + 500).map((handle) => ({ command: "recv", handle, deadlineMs: 1000 })),
    );
    for (const x of rs as any[]) ends[x.end] = (ends[x.end] ?? 0) + 1;
  }
  ((...a: unknown[]) =>
    require("node:fs").appendFileSync(
      "/tmp/hostile/scale.txt",
      JSON.stringify(a, (_, v) => (typeof v === "bigint" ? Number(v) : v)) + "\n",
    ))("ends", ends, "fds", fds() - base);
  for (let i = 0; i < N; i += 500)
    await judge.batch(handles.slice(i, i + 500).map((handle) => ({ command: "close", handle })));
  // stop in the middle of everything
  const l2 = (
    await c.listeners.createListener({
      name: "two",
      behaviour: { kind: { $case: "source", value: { bytes: 0n } } } as any,
    })
  ).listener!;
  for (let i = 0; i < 4; i += 1)
    await judge.batch(Array.from({ length: 500 }, () => ({ command: "connect", host: l2.host, port: l2.port })));
  const pending = [
    ...Array.from({ length: 300 }, (_, i) =>
      c.sessions.waitSession({ session: `two/${i + 1}`, condition: 1, timeout: ms(60000) }),
    ),
    ...Array.from({ length: 50 }, (_, i) =>
      c.sessions.performAction({
        session: `two/${i + 1}`,
        action: { verb: { $case: "reset", value: { afterFlush: true, flushTimeout: ms(60000) } } } as any,
      }),
    ),
    ...Array.from({ length: 50 }, (_, i) =>
      c.sessions.closeSession({ session: `two/${i + 101}`, flushTimeout: ms(60000) }),
    ),
    c.sessions.openSession({ target: "192.0.2.1:9", timeout: ms(60000) }),
    (async () => {
      for await (const _ of c.events.streamEvents({}));
    })(),
    c.listeners.deleteListener({ listener: "two", sessions: 2, drainTimeout: ms(60000) } as any),
  ].map((p: Promise<unknown>) =>
    p.then(
      () => "ok",
      (e) =>
        String(e.message)
          .replace(/.*?Service\//, "")
          .slice(0, 60),
    ),
  );
  await new Promise((r) => setTimeout(r, 300));
  t = performance.now();
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  ((...a: unknown[]) =>
    require("node:fs").appendFileSync(
      "/tmp/hostile/scale.txt",
      JSON.stringify(a, (_, v) => (typeof v === "bigint" ? Number(v) : v)) + "\n",
    ))("exit", code, Math.round(performance.now() - t));
  const counts: any = {};
  for (const o of await Promise.all(pending))
    counts[o.replace(/"[^"]*"/g, '""').replace(/\d+/g, "N")] =
      (counts[o.replace(/"[^"]*"/g, '""').replace(/\d+/g, "N")] ?? 0) + 1;
  ((...a: unknown[]) =>
    require("node:fs").appendFileSync(
      "/tmp/hostile/scale.txt",
      JSON.stringify(a, (_, v) => (typeof v === "bigint" ? Number(v) : v)) + "\n",
    ))(counts);
  await judge.stop();
  c.channel.close();
}, 120000);
