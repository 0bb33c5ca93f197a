import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Limits } from "../../../src/domain/limits.js";
import type { Answer, Question } from "./daemon-process.js";
import { type Insides, isPassing, left, standing } from "./insides.js";

/** Lines of the log that are kept to be shown. */
const linesKept = 20;

/** A daemon in a process of its own, seen from outside. */
export class HostedDaemon implements AsyncDisposable {
  /** The log's lines of errors and worse, and whatever is no line of the log. */
  readonly complaints: string[] = [];
  private exited: Promise<string>;

  private constructor(
    private readonly child: ChildProcess,
    readonly address: string,
  ) {
    this.exited = exitOf(child);
  }

  static async start(limits: Partial<Limits> = {}): Promise<HostedDaemon> {
    const child = fork(process.argv[1]!, ["daemon-process", JSON.stringify({ limits })], {
      execArgv: ["--expose-gc"],
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    const complaints: string[] = [];
    createInterface({ input: child.stderr! }).on("line", (line) => {
      if (!isFine(line) && complaints.length < linesKept) complaints.push(line);
    });
    const answer = await Promise.race([nextAnswer(child), exitOf(child)]);
    if (typeof answer === "string" || answer.told !== "ready") {
      throw new Error(`the daemon did not start: ${JSON.stringify(answer)} ${complaints.join("\n")}`);
    }
    const daemon = new HostedDaemon(child, answer.address);
    daemon.complaints.push(...complaints);
    // The same list from now on.
    complaints.push = (...lines) => daemon.complaints.push(...lines);
    return daemon;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** What its process holds now. One question at a time. */
  async insides(): Promise<Insides> {
    const answer = nextAnswer(this.child);
    this.say({ ask: "insides" });
    const told = await Promise.race([answer, this.exited]);
    if (typeof told === "string" || told.told !== "insides")
      throw new Error(`the daemon has ended: ${JSON.stringify(told)}`);
    return told.insides;
  }

  /** What it holds with nothing under way that ends by itself: for comparisons, so that it hides nothing. */
  async atRest(deadlineMs = 30_000): Promise<Insides> {
    const insides = await this.asked((now) => !isPassing(now), deadlineMs);
    if (isPassing(insides)) throw new Error(`it does not come to rest: ${standing(insides)}`);
    return insides;
  }

  /** Asks until it holds no more than before; gives what it holds in the end, at the latest at the deadline. */
  async backTo(before: Insides, deadlineMs: number): Promise<Insides> {
    return await this.asked((now) => left(now, before).length === 0, deadlineMs);
  }

  private async asked(isEnough: (insides: Insides) => boolean, deadlineMs: number): Promise<Insides> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      const insides = await this.insides();
      if (isEnough(insides) || performance.now() > deadline) return insides;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Ends it in order. Gives how its process ended. */
  async stop(): Promise<string> {
    if (this.child.connected) this.say({ ask: "stop" });
    return await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGKILL");
    await this.exited;
  }

  private say(question: Question): void {
    this.child.send(question);
  }
}

async function nextAnswer(child: ChildProcess): Promise<Answer> {
  const [answer] = (await once(child, "message")) as [Answer];
  return answer;
}

async function exitOf(child: ChildProcess): Promise<string> {
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  return signal ?? `exit code ${code}`;
}

/** A line of the log below the level of errors. */
function isFine(line: string): boolean {
  try {
    return (JSON.parse(line) as { level: number }).level < 50;
  } catch {
    return false;
  }
}
