import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ClientError, Status } from "nice-grpc";
import { RichClientError } from "nice-grpc-error-details";

/** The rows of docs/errors.md: the codes that each reason comes with. The program is in dist/endurance. */
function documented(): ReadonlyMap<string, readonly string[]> {
  const page = readFileSync(resolve(__dirname, "../../docs/errors.md"), "utf8");
  const rows = page.matchAll(/^\| `(\w+)` \| ([A-Z_, ]+) \|/gm);
  return new Map([...rows].map(([, reason = "", codes = ""]) => [reason, codes.split(", ")]));
}

/** Tells what is wrong with an error that a caller has met; undefined where the manual has it, and it is no bug. */
export function errorJudge(): (error: unknown) => string | undefined {
  const rows = documented();
  return (error) => {
    if (!(error instanceof ClientError)) return `no status: ${String(error)}`;
    const code = Status[error.code] ?? String(error.code);
    const extra = error instanceof RichClientError ? error.extra : [];
    const info = extra.find((detail) => detail.$type === "google.rpc.ErrorInfo");
    if (info === undefined) return `${code} without a reason: ${error.details}`;
    const reason = (info as { reason: string }).reason;
    const known = code !== "INTERNAL" && rows.get(reason)?.includes(code) === true;
    return known ? undefined : `${code} ${reason} is not in docs/errors.md: ${error.details}`;
  };
}
