import type { SessionFailure } from "../gen/hangup/v1/session.js";
import { CommandError } from "./command-error.js";

/** Sessions that could not be treated as asked are an error, after the rest has been told. */
export function throwFailures(failures: readonly SessionFailure[], targeted: bigint): void {
  const [first] = failures;
  if (first === undefined) return;
  const which = failures.length === 1 ? "" : ", the first";
  throw new CommandError(
    first.reason,
    `not done on ${failures.length} of ${targeted} sessions${which}: ${first.session}: ${first.message}`,
  );
}
