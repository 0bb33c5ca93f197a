import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** What one run of grpcurl gave. */
export interface Outcome {
  /** 0, or 64 + the code of the gRPC status. */
  code: number | null;
  stdout: string;
  stderr: string;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** grpcurl without proto files on one daemon: what it knows of the contract came by reflection. */
export class Grpcurl {
  constructor(private readonly address: string) {}

  /** `list`, or `describe` and a name. */
  async run(...words: string[]): Promise<Outcome> {
    return outcome(this.start([], words));
  }

  /** One call, with the JSON as it would be pasted into a shell. */
  async call(method: string, json: string): Promise<Outcome> {
    return outcome(this.start(["-d", json], [qualified(method)]));
  }

  /** The reply of a call that has to succeed. */
  async reply<Reply>(method: string, json: string): Promise<Reply> {
    const { code, stdout, stderr } = await this.call(method, json);
    if (code !== 0) throw new Error(`${method} '${json}': exit code ${code}\n${stderr}`);
    return JSON.parse(stdout);
  }

  /** The messages of a call that streams, as they come; grpcurl is ended when the reader has enough. */
  async *stream<Reply>(method: string, json: string): AsyncGenerator<Reply> {
    const child = this.start(["-d", json], [qualified(method)]);
    const exited = once(child, "close");
    let message = "";
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        message += line;
        // Messages are indented; only their own braces stand at the margin.
        if (line !== "}") continue;
        yield JSON.parse(message);
        message = "";
      }
    } finally {
      child.kill("SIGTERM");
      await exited;
    }
  }

  private start(flags: string[], words: string[]): Child {
    const { address } = this;
    const target = address.startsWith("unix:") ? ["-unix", address.slice("unix:".length)] : [address];
    return spawn(process.env["GRPCURL"] ?? "grpcurl", ["-plaintext", ...flags, ...target, ...words], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 10_000,
    });
  }
}

async function outcome(child: Child): Promise<Outcome> {
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => stream.setEncoding("utf8").toArray());
  const [code] = await once(child, "close");
  return { code, stdout: (await stdout)?.join("") ?? "", stderr: (await stderr)?.join("") ?? "" };
}

/** A method of ours goes without its package. */
function qualified(method: string): string {
  return method.includes(".") ? method : `hangup.v1.${method}`;
}
