/** Why a verb could not do what was asked, in one line for whoever typed it. */
export class CommandError extends Error {
  override readonly name = "CommandError";

  constructor(
    /** Stable, to be matched on: ErrorInfo's where the daemon said no. */
    readonly reason: string,
    message: string,
    readonly exitCode: number = 1,
  ) {
    super(message);
  }
}

/** What was typed cannot be meant. */
export function usageError(message: string): CommandError {
  return new CommandError("USAGE", message, 2);
}

/** An error as the one line that goes to stderr, and the exit code that goes with it. */
export function describeError(error: unknown): { readonly line: string; readonly exitCode: number } {
  const { message, reason, code, exitCode } = Object(error) as {
    message?: string;
    reason?: string;
    code?: string | number;
    exitCode?: number;
  };
  const text = (message ?? String(error)).trim().replaceAll(/\s*\n\s*/g, " ");
  const why = reason ?? (typeof code === "string" ? code : "INTERNAL");
  return { line: `hangup: ${text} (${why})`, exitCode: exitCode ?? 1 };
}
