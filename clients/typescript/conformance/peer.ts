import { connect, type Server, type Socket } from "node:net";

// The ordinary socket of Node as a peer: what its events say, one read or write at a time.

/** What a read gave. */
export type Read = { readonly data: Buffer } | { readonly end: true } | { readonly error: Error };

/** Thrown where the timeout passed. */
export class Timeout extends Error {
  override readonly name = "Timeout";
}

/** What `promise` gives within a time. */
export async function within<Result>(timeoutMs: number, promise: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Timeout(`nothing within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A socket, read by what is asked of it. What comes between two reads stays in the kernel. */
export class Peer {
  /** Its own port. */
  readonly port: number;
  readonly #came: Read[] = [];
  #wake = () => {};

  private constructor(readonly socket: Socket) {
    this.port = socket.localPort ?? 0;
    socket.on("data", (data: Buffer) => this.add({ data }));
    socket.on("end", () => this.add({ end: true }));
    socket.on("error", (error) => this.add({ error }));
    socket.pause();
  }

  static connect(port: number, host: string, timeoutMs: number): Promise<Peer> {
    let opened: Peer | undefined;
    const socket = connect({
      port,
      host,
      // So that a write after the peer's FIN is one.
      allowHalfOpen: true,
      // A socket with a buffer of its own is one that pause() keeps from reading: others read on, up to their high-water
      // mark, and throw away what they have read when an error follows.
      onread: {
        buffer: Buffer.alloc(65_536),
        callback: (bytes, buffer) => {
          opened?.add({ data: Buffer.from(buffer.subarray(0, bytes)) });
          return false;
        },
      },
    });
    const open = new Promise<Peer>((done, fail) => {
      socket.once("error", fail);
      socket.once("connect", () => {
        socket.off("error", fail);
        opened = new Peer(socket);
        done(opened);
      });
    });
    return within(timeoutMs, open).catch((error: unknown) => {
      socket.destroy();
      throw error;
    });
  }

  /** The next one that a server accepts. */
  static accept(server: Server): Promise<Peer> {
    return new Promise((done) => {
      server.once("connection", (socket) => done(new Peer(socket)));
    });
  }

  /** What came first since the last read, or comes now. */
  async read(timeoutMs: number): Promise<Read> {
    if (this.#came.length === 0) {
      const { promise, resolve } = waiter();
      this.#wake = resolve;
      this.socket.resume();
      try {
        await within(timeoutMs, promise);
      } finally {
        this.socket.pause();
      }
    }
    const [read] = this.#came.splice(0, 1);
    if (read === undefined) throw new Error("woken, and nothing came");
    return read;
  }

  /** One write; done when the kernel has it. */
  async write(text: string, timeoutMs: number): Promise<void> {
    const written = new Promise<void>((done, fail) => {
      this.socket.write(text, (error) => (error === null || error === undefined ? done() : fail(error)));
    });
    await within(timeoutMs, written);
  }

  close(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  private add(read: Read): void {
    this.#came.push(read);
    this.#wake();
  }
}

function waiter(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
