/** The options of every verb that talks to a daemon. */
export interface DaemonCallOptions {
  readonly address: string;
  readonly scope?: string;
  readonly json?: boolean;
}
