import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type Client, ClientError, Status } from "nice-grpc";
import { RichClientError } from "nice-grpc-error-details";
import { startDaemon } from "../daemon.js";
import { type ControlRequest, ControlServiceDefinition } from "../gen/hangup/v1/control.js";
import { DaemonServiceDefinition } from "../gen/hangup/v1/daemon.js";
import { EventServiceDefinition } from "../gen/hangup/v1/event.js";
import { ScopeServiceDefinition } from "../gen/hangup/v1/scope.js";
import { apiVersion } from "../service/server.js";
import { version } from "../version.js";
import { answerMs, commandError, useService } from "./client.js";
import { CommandError } from "./command-error.js";
import type { Endpoint } from "./credentials.js";
import {
  type Asked,
  endLine,
  failureLine,
  LineError,
  lostLine,
  readLine,
  replyLine,
  streamLine,
  wrongLine,
} from "./json-lines.js";
import { stderrLog } from "./log.js";
import { watchProcess } from "./process-watch.js";

/** The options of `hangup pipe`. */
export interface PipeOptions extends Partial<Endpoint> {
  readonly logLevel: string;
  /** The process with whose end the input ends, whoever else still holds it. */
  readonly exitWithProcess?: number;
}

/** How long calls may still take to be answered when no more will come, in ms. */
const drainMs = 1000;

/** The services that a pipe needs. */
interface Services {
  readonly control: Client<typeof ControlServiceDefinition>;
  readonly events: Client<typeof EventServiceDefinition>;
  readonly scopes: Client<typeof ScopeServiceDefinition>;
}

/** Reads requests from standard input, one on a line, and prints replies and events, until its input ends. */
export async function pipe(options: PipeOptions): Promise<void> {
  const listen = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
  // An empty or blank variable is none.
  const given = options.address?.trim() || undefined;
  const { tokenFile, ...others } = options;
  const named = tokenFile?.trim() ? { ...others, tokenFile } : others;
  // In this very process: whatever ends the one ends the other.
  await using own =
    given === undefined ? await startDaemon({ listen, logger: stderrLog(options.logLevel) }) : undefined;
  // What is meant for another daemon is not for this one.
  const endpoint = own === undefined ? { ...named, address: given ?? "" } : { address: own.address };
  const print = (line: string) => void process.stdout.write(line);
  if (given !== undefined) await makeSure(endpoint, print);
  print(`${JSON.stringify({ ready: { address: endpoint.address, pid: process.pid, version, apiVersion } })}\n`);
  await useService(endpoint, ControlServiceDefinition, (control) =>
    useService(endpoint, EventServiceDefinition, (events) =>
      useService(endpoint, ScopeServiceDefinition, (scopes) =>
        new Pipe({ control, events, scopes }, endpoint.address, print).run(process.stdin, options.exitWithProcess),
      ),
    ),
  );
}

/** That a daemon answers there, and answers us: else why not is the only line. */
async function makeSure(endpoint: Endpoint, print: (line: string) => void): Promise<void> {
  const signal = AbortSignal.timeout(answerMs);
  try {
    await useService(endpoint, DaemonServiceDefinition, async (daemon) => {
      try {
        await daemon.getInfo({}, { signal });
      } catch (error) {
        const told = error instanceof ClientError ? error : commandError(endpoint.address, error);
        if (told instanceof ClientError || told instanceof CommandError) {
          print(unansweredLine({}, endpoint.address, told));
        }
        throw error;
      }
    });
  } catch (error) {
    if (error instanceof CommandError && settings.has(error.reason)) {
      const { message } = error;
      print(lostLine({}, { code: Status.INVALID_ARGUMENT, reason: "INVALID_SETTING", message }));
    }
    throw error;
  }
}

/** What is wrong before anything is asked: the address, the token or a file. */
const settings: ReadonlySet<string> = new Set(["USAGE", "TOKEN_FILE", "TLS_FILE"]);

/** What is there no more, or is none of ours, and how gRPC tells of it: by how far the call had come. A daemon gives details. */
const gone: ReadonlySet<Status> = new Set([
  Status.UNAVAILABLE,
  Status.CANCELLED,
  Status.INTERNAL,
  Status.UNKNOWN,
  Status.UNIMPLEMENTED,
]);

/** What a call ended with; by the reasons that clients have (clients/README.md) where the daemon has said nothing. */
function unansweredLine(of: { id?: string }, address: string, error: ClientError | CommandError): string {
  if (error instanceof RichClientError) return failureLine(of, error);
  const { reason, message } = commandError(address, error) as CommandError;
  if (reason === "DEADLINE_EXCEEDED") {
    return lostLine(of, { code: Status.DEADLINE_EXCEEDED, reason: "NO_ANSWER", message });
  }
  if (error instanceof CommandError) return lostLine(of, { code: Status.FAILED_PRECONDITION, reason, message });
  if (!gone.has(error.code)) return failureLine(of, error);
  return lostLine(of, {
    code: Status.UNAVAILABLE,
    reason: "DAEMON_GONE",
    message:
      error.code === Status.UNAVAILABLE ? message : `the daemon at ${address} has ended, or is none: ${error.details}`,
    ...(/^E[A-Z]/.test(reason) ? { errno: reason } : {}),
  });
}

class Pipe {
  private readonly outgoing: ControlRequest[] = [];
  /** The calls without their reply, and the streams that have not ended, by their ids. */
  private readonly calls = new Set<bigint>();
  private readonly streams = new Map<bigint, AbortController>();
  private readonly over = new AbortController();
  private inputEnded = false;
  /** Why the daemon cannot be asked any more, as the answer to whatever is or was asked. */
  private lost: ((id: bigint) => string) | undefined;
  private wake = () => {};

  constructor(
    private readonly services: Services,
    private readonly address: string,
    private readonly print: (line: string) => void,
  ) {}

  async run(input: Readable, exitWith?: number): Promise<void> {
    const reading = this.read(input, exitWith);
    try {
      await this.carry();
      // Calls that came after it began to stop have no reply.
      if (!this.inputEnded || this.calls.size > 0) throw new CommandError("DAEMON_STOPPING", "the daemon has ended");
    } catch (error) {
      // Past the end of the input nobody waits for what is cut off.
      if (!this.over.signal.aborted) {
        this.fail(error);
        throw error;
      }
    } finally {
      for (const stream of this.streams.values()) stream.abort();
      input.destroy();
    }
    await reading;
  }

  /** Why the daemon cannot be asked, a token that it wants or its end, is the answer to all that is under way. */
  private fail(error: unknown): void {
    if (!(error instanceof ClientError) && !(error instanceof CommandError)) return;
    this.lost = (id) => this.errorLine(id, error);
    for (const id of this.calls) this.print(this.lost(id));
    this.calls.clear();
  }

  private errorLine(id: bigint, error: ClientError | CommandError): string {
    return unansweredLine({ id: String(id) }, this.address, error);
  }

  private async read(input: Readable, exitWith: number | undefined): Promise<void> {
    const lines = createInterface({ input });
    const unwatch = exitWith === undefined ? undefined : watchProcess(exitWith, () => lines.close());
    let number = 0;
    for await (const text of lines) {
      number += 1;
      if (text.trim() === "") continue;
      try {
        this.ask(readLine(text));
      } catch (error) {
        if (!(error instanceof LineError)) throw error;
        this.print(wrongLine(number, error.message));
      }
    }
    unwatch?.();
    this.inputEnded = true;
    this.wake();
    for (const stream of this.streams.values()) stream.abort();
    setTimeout(() => this.over.abort(), drainMs).unref();
  }

  private ask(asked: Asked): void {
    const id = asked.stream === false ? asked.request.id : asked.id;
    if (asked.stream === false && asked.request.request?.$case === "cancel") {
      this.streams.get(id)?.abort();
      if (this.calls.has(id)) this.send(asked.request);
      return;
    }
    if (this.calls.has(id) || this.streams.has(id)) {
      throw new LineError(`id: ${id} is in use by a call that has no reply yet; count up`);
    }
    if (this.lost !== undefined) return this.print(this.lost(id));
    if (asked.stream !== false) return void this.stream(asked);
    this.calls.add(id);
    this.send(asked.request);
  }

  private send(request: ControlRequest): void {
    this.outgoing.push(request);
    this.wake();
  }

  /** Calls go out and replies come, to the last. */
  private async carry(): Promise<void> {
    for await (const reply of this.services.control.control(this.requests(), { signal: this.over.signal })) {
      this.calls.delete(reply.id);
      this.print(replyLine(reply));
    }
  }

  private async *requests(): AsyncGenerator<ControlRequest, void, void> {
    for (;;) {
      yield* this.outgoing.splice(0);
      if (this.outgoing.length > 0) continue;
      if (this.inputEnded) return;
      await new Promise<void>((wake) => (this.wake = wake));
    }
  }

  private async stream(asked: Exclude<Asked, { stream: false }>): Promise<void> {
    const { id } = asked;
    const { events, scopes } = this.services;
    const ending = new AbortController();
    const { signal } = ending;
    this.streams.set(id, ending);
    try {
      if (asked.stream === "streamEvents") {
        for await (const message of events.streamEvents(asked.request, { signal })) {
          // Those of one message came together by chance: a line each is read by who has no parser, too.
          for (const event of message.events) this.print(streamLine(id, { streamEvents: { events: [event] } }));
        }
      } else {
        for await (const holdScope of scopes.holdScope(asked.request, { signal }))
          this.print(streamLine(id, { holdScope }));
      }
      this.print(endLine(id));
    } catch (error) {
      if (error instanceof ClientError) this.print(this.errorLine(id, error));
      else this.print(this.lost?.(id) ?? endLine(id));
    } finally {
      this.streams.delete(id);
    }
  }
}
