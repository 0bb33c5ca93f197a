import { execFileSync } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer, type Server } from "node:net";
import {
  type Action,
  type Fixture,
  type Listener,
  type ListenOptions,
  type Session,
  type SessionFacts,
  startHangup,
} from "hangup";
import { Peer, Timeout } from "./peer.js";

// The scenarios of test/conformance/scenarios by Node's own sockets (node:net) and its own HTTP client (fetch).

const defaultMs = 5000;

interface Timed {
  readonly timeoutMs?: number;
}

type Facts = Omit<SessionFacts, "bytesReceived" | "bytesSent"> & {
  readonly bytesReceived?: string;
  readonly bytesSent?: string;
  readonly ordinal?: string;
};

interface Step {
  readonly connect?: Timed;
  readonly write?: string;
  readonly read?: Timed;
  readonly perform?: Action;
  readonly wait?: Facts;
  readonly httpGet?: { readonly attempts?: number };
  readonly serve?: object;
  readonly dial?: object;
  readonly close?: object;
  readonly reset?: object;
  readonly receipt?: object;
  readonly expect?: string;
}

interface Scenario {
  readonly name: string;
  readonly listener?: ListenOptions;
  readonly steps: readonly Step[];
}

/** What a step came to, and what a user would see of it. */
interface Outcome {
  readonly outcome: string;
  readonly saw: string;
}

/** The errno that an error has, anywhere in the chain of its causes. */
function errnoOf(error: unknown): string | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as NodeJS.ErrnoException;
    if (code !== undefined && /^E[A-Z]+$/.test(code)) return code;
  }
  return undefined;
}

/** An error as Node prints it, without its stack; with its causes. */
function inWords(error: unknown): string {
  const words: string[] = [];
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as NodeJS.ErrnoException;
    const known = code === undefined || one.message.includes(code) ? "" : ` (${code})`;
    words.push(`${one.name}: ${one.message}${known}`);
  }
  return words.join("; cause: ");
}

function failed(error: unknown): Outcome {
  const saw = inWords(error);
  if (error instanceof Timeout) return { outcome: "TIMEOUT", saw: "no event" };
  return { outcome: errnoOf(error) ?? "OTHER", saw };
}

/** The command of the package, for what has to be asked while this process does nothing else. */
const command = createRequire(import.meta.url)
  .resolve("hangup/package.json")
  .replace(/package\.json$/, "bin/hangup.cjs");

/** One run of a scenario: what it has at hand. */
class Run {
  #listener: Listener | undefined;
  #options: ListenOptions = {};
  #server: Server | undefined;
  #peer: Peer | undefined;
  #session: Session | undefined;

  constructor(private readonly fixture: Fixture) {}

  async listen(options: ListenOptions): Promise<void> {
    this.#options = options;
    this.#listener = await this.fixture.listen(options);
  }

  async step(step: Step): Promise<Outcome> {
    const ok: Outcome = { outcome: "OK", saw: "OK" };
    if (step.connect !== undefined) {
      const { port, host } = this.#of(this.#listener);
      this.#peer = await Peer.connect(port, host, step.connect.timeoutMs ?? defaultMs);
      return { ...ok, saw: "'connect'" };
    }
    if (step.write !== undefined) {
      await this.#of(this.#peer).write(step.write, defaultMs);
      return { ...ok, saw: "write callback without error" };
    }
    if (step.read !== undefined) {
      const read = await this.#of(this.#peer).read(step.read.timeoutMs ?? defaultMs);
      if ("error" in read) return failed(read.error);
      if ("end" in read) return { outcome: "EOF", saw: "'end'" };
      return { outcome: `DATA ${read.data.toString()}`, saw: `'data' ${JSON.stringify(read.data.toString())}` };
    }
    if (step.perform !== undefined) {
      await (await this.#theSession()).perform(step.perform);
      return ok;
    }
    if (step.wait !== undefined) {
      await this.#wait(step.wait);
      return ok;
    }
    if (step.httpGet !== undefined) return this.#httpGet(step.httpGet.attempts ?? 1);
    if (step.serve !== undefined) {
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      this.#server = server;
      return ok;
    }
    if (step.dial !== undefined) {
      const accepted = Peer.accept(this.#of(this.#server));
      this.#session = await this.fixture.dial(this.#of(this.#server), { behaviour: { manual: {} } });
      this.#peer = await accepted;
      return ok;
    }
    if (step.close !== undefined) {
      this.#of(this.#peer).close();
      return ok;
    }
    if (step.reset !== undefined) {
      // What Node has for linger 0; it is only for sockets that did not end().
      await this.#theSession();
      this.#of(this.#peer).reset();
      return ok;
    }
    if (step.receipt !== undefined) {
      const { localEnd, peerEnd } = await (await this.#theSession()).waitEnded();
      const kinds = ["?", "FIN", "RST", "NONE"];
      const outcome = `local ${kinds[localEnd?.kind ?? 0]}, peer ${kinds[peerEnd?.kind ?? 0]}`;
      return { outcome, saw: outcome };
    }
    throw new Error(`no such step: ${JSON.stringify(step)}`);
  }

  end(): void {
    this.#peer?.close();
    this.#server?.close();
  }

  /** The session of the connection. */
  async #theSession(): Promise<Session> {
    this.#session ??= await this.#of(this.#listener).accepted(this.#of(this.#peer).port);
    return this.#session;
  }

  async #wait({ ordinal, bytesReceived = "0", bytesSent = "0", ...rest }: Facts): Promise<void> {
    const facts = { ...rest, bytesReceived: BigInt(bytesReceived), bytesSent: BigInt(bytesSent) };
    if (ordinal === undefined) {
      await (await this.#theSession()).wait(facts);
      return;
    }
    const listener = this.#of(this.#listener);
    for (;;) {
      const session = await listener.next();
      if (session.ordinal !== Number(ordinal)) continue;
      await session.wait(facts);
      return;
    }
  }

  async #httpGet(attempts: number): Promise<Outcome> {
    const resetsBehindData = JSON.stringify(this.#options.plans ?? []).includes('"afterFlush":true');
    // It is told before the request is written.
    const onRequest = () => process.nextTick(() => this.#sleepUntilReset());
    if (resetsBehindData) subscribe("undici:client:sendHeaders", onRequest);
    try {
      return await this.#attempt(attempts);
    } finally {
      unsubscribe("undici:client:sendHeaders", onRequest);
    }
  }

  async #attempt(attempts: number): Promise<Outcome> {
    try {
      const url = `http://${this.#of(this.#listener).address}/`;
      const response = await fetch(url, { signal: AbortSignal.timeout(defaultMs) });
      const outcome = `HTTP ${response.status} ${await response.text()}`;
      return { outcome, saw: outcome };
    } catch (error) {
      if (attempts > 1) return this.#attempt(attempts - 1);
      const { outcome, saw } = failed(error);
      // undici's words for an end that came too early.
      const early = /UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH/.test(saw);
      return { outcome: outcome === "OTHER" && early ? "EOF" : outcome, saw };
    }
  }

  /**
   * With the request written, this process does nothing before data and RST have both come, as one that is busy. One that
   * is not may read the data before the RST comes, or not: what it then sees is a matter of luck.
   */
  #sleepUntilReset(): void {
    const { scope, name } = this.#of(this.#listener);
    const which = ["--scope", scope, "--listener", name, "--ordinal", "1", "--condition", "ended"];
    execFileSync(process.execPath, [command, "wait", ...which, "--address", this.fixture.daemonAddress]);
  }

  #of<Part>(part: Part | undefined): Part {
    if (part === undefined) throw new Error("the scenario has no step that makes what this one needs");
    return part;
  }
}

const [list] = process.argv.slice(2);
if (list === undefined) throw new Error("conformance.sh <scenarios.json>");
const version = `Node ${process.versions.node}`;
console.log(JSON.stringify({ language: "typescript", version, sockets: "node:net", http: "fetch (undici)" }));
for (const { name, listener, steps } of JSON.parse(readFileSync(list, "utf8")) as Scenario[]) {
  await using fixture = await startHangup({ name, neverFired: "pass" });
  const run = new Run(fixture);
  if (listener !== undefined) await run.listen(listener);
  const reported: object[] = [];
  for (const { expect, ...step } of steps) {
    const [kind] = Object.keys(step);
    const { outcome, saw } = await run.step(step).catch(failed);
    if (expect !== undefined) reported.push({ step: kind, outcome, saw: saw.replaceAll(/:\d{4,5}\b/g, ":PORT") });
    else if (outcome !== "OK") process.stderr.write(`${name}: ${kind}: ${saw}\n`);
  }
  run.end();
  console.log(JSON.stringify({ scenario: name, steps: reported }));
}
