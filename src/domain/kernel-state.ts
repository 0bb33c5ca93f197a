import type { Connection } from "../kernel/connection.js";
import { isLingering, type TcpState } from "../kernel/tcp-state.js";
import type { KernelView } from "./session-view.js";

/** The kernel's state of a connection: asked for when somebody wants it, noted when it was seen to change. */
export class KernelState {
  private noted: TcpState;

  constructor(private readonly connection: Connection) {
    this.noted = connection.isTcp ? "ESTABLISHED" : "UNKNOWN";
  }

  /** Now, also after our close. */
  get current(): TcpState {
    if (!this.connection.isReleased) return this.connection.state();
    if (!isLingering(this.noted)) return this.noted;
    const { state } = this.connection.lookUp();
    // Another life of the two addresses is none of ours.
    return isLingering(state) ? state : "CLOSED";
  }

  /** As it was noted last. */
  get lastNoted(): TcpState {
    return this.noted;
  }

  /** Takes note of it. */
  note(): TcpState {
    this.noted = this.current;
    return this.noted;
  }

  /** Takes note of it right after our close; the receipt tells of it. */
  noteAtRelease(): TcpState {
    this.noted = this.connection.state();
    return this.noted;
  }

  /** How long the kernel will stay in the state after our close if nothing comes; undefined where it does not know. */
  get msLeft(): number | undefined {
    return this.connection.isReleased && isLingering(this.noted) ? this.connection.lookUp().msLeft : undefined;
  }

  /** What it knows beside the state: costs a few system calls more. */
  view(): KernelView {
    const tcpInfo = this.connection.tcpInfo();
    const { msLeft } = this.connection.lookUp();
    return {
      ...(tcpInfo === undefined ? {} : { tcpInfo }),
      ...(msLeft === undefined || !isLingering(this.current) ? {} : { stateTimeLeftMs: msLeft }),
    };
  }
}
