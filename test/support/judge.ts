import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

/** What one system call returned. `errno` is its name, or ETIMEDOUT_JUDGE when the deadline of the command passed. */
export interface CallResult {
  rc: number;
  errno?: string;
}

/** `end` is there when no data came: EOF, or the errno. */
export interface RecvResult extends CallResult {
  data: Buffer;
  end?: string;
}

/** `end` is EOF, an errno, or MAX when `max` bytes were read; `data` holds at most the first 64 KiB. */
export interface RecvAllResult {
  bytes: number;
  data: Buffer;
  sha256: string;
  end: string;
}

export interface SendAllResult {
  sent: number;
  errno?: string;
}

/** `events`: the first end, then one more recv and one more send. `errno` only past the deadline. */
export interface EchoResult {
  sent: number;
  received: number;
  events: { call: "recv" | "send"; rc: number; end?: string }[];
  errno?: string;
}

export type PollEvent = "POLLIN" | "POLLPRI" | "POLLOUT" | "POLLERR" | "POLLHUP" | "POLLNVAL" | "POLLRDHUP";
export type MessageFlag = "MSG_OOB" | "MSG_PEEK" | "MSG_DONTWAIT" | "MSG_NOSIGNAL" | "MSG_MORE";
export type SocketOption = "TCP_NODELAY" | "SO_RCVBUF" | "SO_SNDBUF" | "TCP_USER_TIMEOUT" | "TCP_QUICKACK";

export type Address = { host: string; port: number } | { path: string };
/** Exactly one of them; `size` is that many bytes of filler. */
export type Payload = { data: Buffer } | { text: string } | { size: number };

/** Every wait is for an event and ends at this deadline; 5000 when not given. */
export interface Deadline {
  deadlineMs?: number;
}

export type ConnectOptions = Address &
  Deadline & {
    localAddress?: string;
    localPort?: number;
    rcvbuf?: number;
    sndbuf?: number;
    userTimeoutMs?: number;
    /** connect(2) that returns at once, then poll(2) and SO_ERROR, as event loops do. The plain blocking call else. */
    nonBlocking?: boolean;
  };

export type ListenOptions = ({ host: string; port?: number } | { path: string }) & { backlog?: number };

/** `call` tells a reset met in the call to connect(2) from one met in SO_ERROR afterwards. */
export type ConnectAttempt = { ok: true; peer: Peer } | { ok: false; errno: string; call: string };

export type Command = { command: string } & Record<string, unknown>;
export type Reply = Record<string, unknown>;

interface SocketName {
  handle: number;
  localAddress?: string;
  localPort?: number;
  remoteAddress?: string;
  remotePort?: number;
}

interface ListenerName {
  handle: number;
  address?: string;
  port?: number;
}

/** A command of several calls that failed in one of them. */
interface FailedCall {
  errno: string;
  call: string;
}

interface Pending {
  resolve: (line: string) => void;
  reject: (error: Error) => void;
}

const STDERR_KEEPS_CHARACTERS = 64 * 1024;

abstract class JudgedSocket {
  constructor(
    private readonly judge: Judge,
    readonly handle: number,
  ) {}

  protected async ask<Result>(command: string, options: object = {}): Promise<Result> {
    return this.judge.ask<Result>({ command, handle: this.handle, ...options });
  }

  /** The names set in revents; none past the deadline. Waits for any of `events`, or POLLERR or POLLHUP. */
  async poll(options: Deadline & { events?: PollEvent[] } = {}): Promise<PollEvent[]> {
    const { events } = await this.ask<{ events: PollEvent[] }>("poll", options);
    return events;
  }

  /** SO_ERROR, which reading clears: the name of the error, or nothing. */
  async soError(): Promise<string | undefined> {
    const { errno } = await this.ask<CallResult>("soError");
    return errno;
  }

  async tcpState(): Promise<string> {
    const { state, errno } = await this.ask<{ state?: string; errno?: string }>("tcpState");
    if (state === undefined) throw new Error(`TCP_INFO: ${errno}`);
    return state;
  }

  async setsockopt(name: SocketOption, value: number): Promise<CallResult> {
    return this.ask<CallResult>("setsockopt", { name, value });
  }

  /** With `linger0`, SO_LINGER(1, 0) first: RST in place of FIN. */
  async close(options: { linger0?: boolean } = {}): Promise<CallResult> {
    return this.ask<CallResult>("close", options);
  }
}

/** One end of a connection, held by the judge. */
export class Peer extends JudgedSocket {
  readonly localAddress: string | undefined;
  readonly remoteAddress: string | undefined;

  constructor(
    judge: Judge,
    private readonly name: SocketName,
  ) {
    super(judge, name.handle);
    this.localAddress = name.localAddress;
    this.remoteAddress = name.remoteAddress;
  }

  get localPort(): number {
    return requirePort(this.name.localPort);
  }

  get remotePort(): number {
    return requirePort(this.name.remotePort);
  }

  /** One send(2), always with MSG_NOSIGNAL. */
  async send(payload: Payload, options: Deadline & { flags?: MessageFlag[] } = {}): Promise<CallResult> {
    return this.ask<CallResult>("send", { ...encodePayload(payload), ...options });
  }

  /** send(2) until all is with the kernel, or an error. */
  async sendAll(payload: Payload, options: Deadline & { flags?: MessageFlag[] } = {}): Promise<SendAllResult> {
    return this.ask<SendAllResult>("sendAll", { ...encodePayload(payload), ...options });
  }

  /** One poll(2) and then one recv(2). */
  async recv(options: Deadline & { max?: number; flags?: MessageFlag[] } = {}): Promise<RecvResult> {
    return decodeData(await this.ask<Encoded<RecvResult>>("recv", options));
  }

  /** recv(2) until the end. */
  async recvAll(options: Deadline & { max?: number } = {}): Promise<RecvAllResult> {
    return decodeData(await this.ask<Encoded<RecvAllResult>>("recvAll", options));
  }

  /**
   * Sends `chunk` bytes and receives, in turn, until an error or EOF. After `totalBytes` sent it only receives.
   */
  async echoUntilError(options: Deadline & { chunk?: number; totalBytes?: number } = {}): Promise<EchoResult> {
    return this.ask<EchoResult>("echoUntilError", options);
  }

  async shutdown(how: "RD" | "WR" | "RDWR"): Promise<CallResult> {
    return this.ask<CallResult>("shutdown", { how });
  }

  /** The bytes that wait unread in the kernel. */
  async sioInq(): Promise<number> {
    const { bytes, errno } = await this.ask<{ bytes?: number; errno?: string }>("sioInq");
    if (bytes === undefined) throw new Error(`SIOCINQ: ${errno}`);
    return bytes;
  }
}

export class Listener extends JudgedSocket {
  readonly address: string | undefined;

  constructor(
    private readonly owner: Judge,
    private readonly name: ListenerName,
  ) {
    super(owner, name.handle);
    this.address = name.address;
  }

  get port(): number {
    return requirePort(this.name.port);
  }

  async accept(options: Deadline = {}): Promise<Peer> {
    const reply = await this.ask<SocketName | FailedCall>("accept", options);
    if ("handle" in reply) return new Peer(this.owner, reply);
    throw new Error(`accept: ${reply.errno} (${reply.call})`);
  }
}

/**
 * A process that makes blocking system calls and says what each returned. It does one command at a time, in the
 * order asked, so a command that waits holds up those behind it: two ends that wait for each other need two judges.
 */
export class Judge {
  /** In the order asked, which is the order of the replies. */
  private readonly pending: Pending[] = [];
  private readonly closed: Promise<unknown>;
  private lastId = 0;
  private stderr = "";
  private ended: Error | undefined;

  constructor(private readonly child: ChildProcessWithoutNullStreams) {
    this.closed = once(child, "close").then(
      ([code, signal]) => this.end(`judge ended with ${signal ?? `code ${code}`}`),
      (error: unknown) => this.end(`judge did not start: ${String(error)}`),
    );
    // EPIPE when the child is dead; 'close' tells the same, with the reason.
    child.stdin.on("error", () => {});
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr = (this.stderr + text).slice(-STDERR_KEEPS_CHARACTERS);
    });
    createInterface({ input: child.stdout }).on("line", (line) => this.pending.shift()?.resolve(line));
  }

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error("judge did not start");
    return pid;
  }

  /** Sends one raw command. A command the judge does not understand is the test's own bug and rejects. */
  async ask<Result = Reply>(command: Command): Promise<Result> {
    const { ended } = this;
    if (ended) throw ended;
    const id = ++this.lastId;
    const line = await new Promise<string>((resolve, reject) => {
      this.pending.push({ resolve, reject });
      this.child.stdin.write(`${JSON.stringify({ ...command, id })}\n`);
    });
    const reply: Result & { id?: number; error?: string } = JSON.parse(line);
    if (reply.id !== id) throw new Error(`judge replied out of turn: ${line}`);
    if (reply.error !== undefined) throw new Error(`judge: ${command.command}: ${reply.error}`);
    delete reply.id;
    return reply;
  }

  /** Several commands in one round trip; `handle: '$0'` is the handle that command 0 replied. Sees raw replies. */
  async batch(commands: Command[]): Promise<Reply[]> {
    const { replies } = await this.ask<{ replies: Reply[] }>({ command: "batch", commands });
    return replies;
  }

  async tryConnect(options: ConnectOptions): Promise<ConnectAttempt> {
    const reply = await this.ask<SocketName | FailedCall>({ command: "connect", ...options });
    if ("handle" in reply) return { ok: true, peer: new Peer(this, reply) };
    return { ok: false, errno: reply.errno, call: reply.call };
  }

  async connect(options: ConnectOptions): Promise<Peer> {
    const attempt = await this.tryConnect(options);
    if (attempt.ok) return attempt.peer;
    const to = "path" in options ? options.path : `${options.host} port ${options.port}`;
    throw new Error(`connect to ${to}: ${attempt.errno} (${attempt.call})`);
  }

  async listen(options: ListenOptions): Promise<Listener> {
    const reply = await this.ask<ListenerName | FailedCall>({ command: "listen", ...options });
    if ("handle" in reply) return new Listener(this, reply);
    throw new Error(`listen: ${reply.errno} (${reply.call})`);
  }

  /** Closes what the judge still holds, as any process that exits does. */
  async stop(): Promise<void> {
    // A command still waiting belongs to a test that gave up; its deadline is no reason to wait.
    if (this.pending.length > 0) this.child.kill("SIGKILL");
    this.child.stdin.end();
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private end(reason: string): void {
    const error = new Error(this.stderr === "" ? reason : `${reason}: ${this.stderr}`);
    this.ended = error;
    for (const { reject } of this.pending.splice(0)) reject(error);
  }
}

export async function startJudge(): Promise<Judge> {
  const script = join(projectRoot(), "test/support/judge-process.mjs");
  const judge = new Judge(spawn(process.execPath, [script], { stdio: "pipe" }));
  // The first reply proves that the process is up and its FFI works.
  await judge.batch([]);
  return judge;
}

export async function startJudges(count: number): Promise<Judge[]> {
  return Promise.all(Array.from({ length: count }, async () => startJudge()));
}

/** The tests run from their own folder and from a bundle elsewhere; the package is above both. */
function projectRoot(): string {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest)) {
      const { name }: { name?: string } = JSON.parse(readFileSync(manifest, "utf8"));
      if (name === "hangup") return folder;
    }
    if (folder === dirname(folder)) throw new Error(`no package.json of hangup above ${__dirname}`);
  }
}

type Encoded<Result> = Omit<Result, "data"> & { data: string };

function decodeData<Result extends { data: string }>(result: Result): Omit<Result, "data"> & { data: Buffer } {
  return { ...result, data: Buffer.from(result.data, "base64") };
}

function encodePayload(payload: Payload): object {
  return "data" in payload ? { data: payload.data.toString("base64") } : payload;
}

function requirePort(port: number | undefined): number {
  if (port === undefined) throw new Error("a local socket has no port");
  return port;
}
