import { randomUUID } from "node:crypto";
import type { Logger } from "pino";

/** EX_SOFTWARE of sysexits.h: a bug of ours. */
export const exitOnBug = 70;

/**
 * From now on what nobody caught ends the process: with one `fatal` line in the log, whose id a report can name. A
 * rejection that nobody handles comes here too. What is broken then nobody knows, so nothing is drained.
 */
export function exitOnUncaught(logger: Logger, beforeExit: () => void): void {
  process.on("uncaughtException", (error, origin) => {
    try {
      logger.fatal({ id: randomUUID(), origin, err: error }, "a bug in the daemon: it ends");
      beforeExit();
    } finally {
      process.exit(exitOnBug);
    }
  });
}
