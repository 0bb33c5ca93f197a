import { Child } from "./child.js";
import { assertEndings, type Endings } from "./endings.js";

interface Ended extends Endings {
  readonly firstNs: number;
  readonly lastNs: number;
  readonly unanswered: number;
}

/** Many connections that are held open until the other end ends them. */
export class Held {
  private constructor(
    private readonly load: Child,
    private readonly count: number,
  ) {}

  /** Resolves when each has echoed a message. */
  static async open(load: string, port: string, count: number): Promise<Held> {
    const child = Child.start(load, ["hold", port, String(count)]);
    await child.read();
    return new Held(child, count);
  }

  /** When the first and the last of them got its ECONNRESET. @throws where one ended otherwise. */
  async ended(who: string): Promise<Ended> {
    const ended = await this.load.read<Ended>();
    await this.load.stop();
    assertEndings(who, "econnreset", this.count, ended);
    return ended;
  }
}
