import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { destination, type Logger, pino } from "pino";

/** The log on stderr, written at once: one that comes after the fact is lost when the process is. */
export function stderrLog(level: string): Logger {
  // What gRPC has to say comes to us as errors; its own lines beside ours are for whoever asks for them by name.
  if (process.env["GRPC_VERBOSITY"] === undefined) setLogVerbosity(logVerbosity.NONE);
  return pino({ level, base: { pid: process.pid } }, destination({ dest: 2, sync: true }));
}
