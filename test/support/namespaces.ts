import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

type Holder = ChildProcessByStdio<Writable, Readable, null>;

/** Why no network namespaces can be made here; undefined where they can. */
export function namespacesObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  const { status, stderr, error } = spawnSync("unshare", ["--net", "ip", "link", "add", "type", "veth"], {
    encoding: "utf8",
  });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

/**
 * Two network namespaces with a cable between them, 10.77.0.1 and fd77::1 at one end, 10.77.0.2 and fd77::2 at the
 * other. A process holds each; when the two end, however this one does, all is gone.
 */
export class TwoNamespaces implements AsyncDisposable {
  private constructor(private readonly holders: readonly [Holder, Holder]) {}

  static async make(): Promise<TwoNamespaces> {
    const two = new TwoNamespaces([await hold(), await hold()]);
    two.run(0, ["ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", two.pid(1)]);
    for (const end of [0, 1] as const) {
      for (const address of [`10.77.0.${end + 1}/24`, `fd77::${end + 1}/64`]) {
        const nodad = address.includes(":") ? ["nodad"] : [];
        two.run(end, ["ip", "address", "add", address, "dev", "cable", ...nodad]);
      }
      two.run(end, ["ip", "link", "set", "cable", "up"]);
    }
    return two;
  }

  private pid(end: 0 | 1): string {
    return String(this.holders[end].pid);
  }

  /** What a command line begins with that is to run at one end. */
  at(end: 0 | 1): readonly string[] {
    return ["nsenter", "--target", this.pid(end), "--net", "--"];
  }

  /** Runs a command at one end, and gives what it printed. */
  run(end: 0 | 1, words: readonly string[], timeout = 10_000): string {
    const [command = "", ...args] = [...this.at(end), ...words];
    const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", timeout });
    if (status !== 0) throw new Error(`${words.join(" ").slice(0, 200)}: ${error?.message ?? ""} ${stderr}`);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const holder of this.holders) {
      const ended = once(holder, "close");
      holder.stdin.end();
      await ended;
    }
  }
}

async function hold(): Promise<Holder> {
  const holder = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up && echo up && cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  return holder;
}
