import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createChannel, createClient } from "nice-grpc";
import { DaemonServiceDefinition } from "../../src/gen/hangup/v1/daemon.js";
import type { Measure } from "../measure.js";

// From spawn to the ready line, and to the answer of a first call that is sent once that line is there. Node's own
// start is in both: it is measured beside them.

const command = join(__dirname, "../bin/hangup.cjs");
const baseline = "node -e 0";

export const startUp: Measure = {
  name: "start-up",
  about: "spawn of `hangup serve` to its ready line, and to the answer of a first call",
  defaultRounds: 15,
  async run({ rounds }) {
    const node: number[] = [];
    const ready: number[] = [];
    const answered: number[] = [];
    // The first round fills the caches of the disk and does not count.
    for (let round = -1; round < rounds; round += 1) {
      const bare = await runNode();
      const daemon = await startDaemon();
      if (round < 0) continue;
      node.push(bare);
      ready.push(daemon.readyMs);
      answered.push(daemon.answeredMs);
    }
    return [
      { what: baseline, unit: "ms", samples: node },
      { what: "serve to ready line", unit: "ms", samples: ready, beside: baseline },
      { what: "serve to first answer", unit: "ms", samples: answered, beside: baseline },
    ];
  },
};

async function runNode(): Promise<number> {
  const start = performance.now();
  await once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit");
  return performance.now() - start;
}

async function startDaemon(): Promise<{ readyMs: number; answeredMs: number }> {
  const start = performance.now();
  const daemon = spawn(process.execPath, [command, "serve", "--listen", "127.0.0.1:0", "--log-level", "error"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(daemon, "exit");
  try {
    const address = await readyAddress(daemon.stdout);
    const readyMs = performance.now() - start;
    const channel = createChannel(address);
    await createClient(DaemonServiceDefinition, channel).getInfo({});
    const answeredMs = performance.now() - start;
    channel.close();
    return { readyMs, answeredMs };
  } finally {
    daemon.kill("SIGTERM");
    await exited;
  }
}

async function readyAddress(stdout: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const { address }: { address: string } = JSON.parse(line);
    return address;
  }
  throw new Error("hangup serve ended without a ready line");
}
