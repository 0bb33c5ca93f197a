/** Why a daemon did not start, in one line for its user. */
export class StartError extends Error {
  override readonly name = "StartError";

  constructor(
    /** Stable, to be matched on. */
    readonly reason:
      | "INSECURE_ADDRESS"
      | "PORT_IN_USE"
      | "BIND_FAILED"
      | "TOKEN_FILE"
      | "TLS_OPTIONS"
      | "TLS_FILE"
      | "ACCESS_OPTIONS",
    message: string,
  ) {
    super(message);
  }
}
