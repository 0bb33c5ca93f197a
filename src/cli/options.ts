import type { Endpoint } from "./credentials.js";

/** The options of every verb that talks to a daemon. */
export interface DaemonCallOptions extends Endpoint {
  readonly scope?: string;
  readonly json?: boolean;
}
