import type { Connection, ConnectionOwner } from "../../../src/kernel/connection.js";
import type { TcpState } from "../../../src/kernel/tcp-state.js";

/**
 * A connection without a socket: what the peer would get is written down, and what the peer sends comes in the chunks
 * that a test chooses. The kernel below it takes all bytes at once, and the peer acknowledges nothing but bytes.
 */
export class FakeConnection {
  readonly localAddress = { kind: "tcp", host: "127.0.0.1", port: 1 } as const;
  readonly peerAddress = { kind: "tcp", host: "127.0.0.1", port: 2 } as const;
  readonly isTcp = true;
  readonly fd = -1;
  readonly queuedBytes = 0;
  readonly unsentBytes = 0;
  readonly segmentBytes = 1000;
  bytesReceived = 0;
  isReleased = false;
  /** What the peer gets, in order: bytes as text, `|` for our FIN, `!` for our RST. */
  wire = "";
  private written = 0;
  private finSent = false;
  private paused = true;
  private peerFin = false;
  private endTold = false;
  private waiting: Buffer[] = [];
  private owner!: ConnectionOwner;

  static make(): { readonly fake: FakeConnection; readonly connection: Connection } {
    const fake = new FakeConnection();
    return { fake, connection: fake as unknown as Connection };
  }

  // What the peer does.

  arrive(chunk: Buffer): void {
    this.waiting.push(chunk);
    this.deliver();
  }

  arriveFin(): void {
    this.peerFin = true;
    // As the kernel tells it of a socket that is not read.
    if (this.paused && !this.isReleased) this.owner.onPeerFin();
    this.deliver();
  }

  /** What a turn of the event loop does: reads while nobody holds it. */
  deliver(): void {
    while (!this.paused && !this.isReleased && this.waiting.length > 0) {
      const chunk = this.waiting.shift()!;
      this.bytesReceived += chunk.length;
      // An empty one is what a stream may give and a kernel does not.
      this.owner.onData(chunk);
    }
    if (!this.peerFin || this.endTold || this.paused || this.isReleased || this.waiting.length > 0) return;
    this.endTold = true;
    this.owner.onPeerFin();
    if (this.stillThere()) this.owner.onEndOfData();
  }

  private stillThere(): boolean {
    return !this.isReleased;
  }

  // What the session does.

  attach(owner: ConnectionOwner): void {
    this.owner = owner;
  }

  get bytesSent(): number {
    return this.written;
  }

  get unreadBytes(): number {
    return this.waiting.reduce((sum, { length }) => sum + length, 0);
  }

  state(): TcpState {
    if (this.isReleased) return "CLOSED";
    if (this.finSent) return this.peerFin ? "LAST_ACK" : "FIN_WAIT2";
    return this.peerFin ? "CLOSE_WAIT" : "ESTABLISHED";
  }

  lookUp(): { readonly state: TcpState } {
    return { state: "CLOSED" };
  }

  tcpInfo(): undefined {
    return undefined;
  }

  inspect(): TcpState {
    // All that there is to notice has been told.
    return this.state();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  write(data: Buffer): void {
    if (this.finSent || this.isReleased) throw new Error("a write after the end");
    this.written += data.length;
    this.wire += data.toString("latin1");
  }

  sendFin(): void {
    if (this.finSent || this.isReleased) return;
    this.finSent = true;
    this.wire += "|";
    this.owner.onFinSent();
  }

  sendRst(): void {
    this.wire += "!";
    this.release();
  }

  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.owner.onReleased();
  }
}
