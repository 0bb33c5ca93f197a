import { Child } from "./child.js";
import type { Running, Way } from "./contestants.js";

/** Points in time of CLOCK_MONOTONIC, in ns. */
export interface Answered {
  readonly sentNs: number;
  readonly answeredNs: number;
}

/** The driver, told what to do line by line. */
export class Commander {
  private constructor(private readonly child: Child) {}

  static async start(driver: string, one: Running, way?: Way): Promise<Commander> {
    return new Commander(Child.start(driver, [...one.flags(way), "serve"]));
  }

  /** The port of a new echo listener, whose sessions end by `resetAll` or by their peers' FIN. */
  async listen(name: string, ending: "commanded" | "byPeer"): Promise<string> {
    const verb = ending === "commanded" ? "listen" : "listenForPeer";
    const { address } = await this.obey<{ address: string }>(`${verb} ${name}`);
    return address.slice(address.lastIndexOf(":") + 1);
  }

  resetAll(name: string): Promise<Answered> {
    return this.obey(`resetAll ${name}`);
  }

  delete(name: string): Promise<Answered> {
    return this.obey(`delete ${name}`);
  }

  async stop(): Promise<void> {
    await this.child.stop();
  }

  private obey<Reply>(line: string): Promise<Reply> {
    this.child.write(line);
    return this.child.read<Reply>();
  }
}
