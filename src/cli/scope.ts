import {
  CreateScopeRequest,
  CreateScopeResponse,
  DeleteScopeRequest,
  DeleteScopeResponse,
  HoldScopeResponse,
  Scope,
  ScopeServiceDefinition,
} from "../gen/hangup/v1/scope.js";
import { allPages } from "./all-pages.js";
import { answerMs, callOnce, useService } from "./client.js";
import { CommandError } from "./command-error.js";
import { type JsonMapping, jsonLine, rfc3339 } from "./json.js";
import type { DaemonCallOptions } from "./options.js";
import { scopeReportText } from "./scope-report-text.js";
import { table } from "./table.js";

/** The options of `hangup scope create`: fields of CreateScopeRequest. */
export interface CreateScopeOptions extends DaemonCallOptions {
  readonly label?: Readonly<Record<string, string>>;
}

/** Makes a scope, and prints its name: `scope=$(hangup scope create)`. */
export async function create(scope: string | undefined, options: CreateScopeOptions): Promise<void> {
  const request = CreateScopeRequest.fromJSON({ ...options, scope, labels: options.label });
  const reply = await callOnce(options, ScopeServiceDefinition, (client, call) => client.createScope(request, call));
  process.stdout.write(options.json === true ? jsonLine(CreateScopeResponse, reply) : `${reply.scope?.name ?? ""}\n`);
}

/** Holds a scope, and prints its name; its report, when somebody else has ended it. */
export async function hold(scope: string | undefined, options: CreateScopeOptions): Promise<void> {
  const request = { scope: scope ?? "", labels: options.label ?? {} };
  let isReported = false;
  await useService(options, ScopeServiceDefinition, async (client) => {
    // A daemon says at once that the scope is held; how long it is held is up to whoever holds it.
    const begun = new AbortController();
    const silence = setTimeout(() => begun.abort(), answerMs);
    try {
      for await (const message of client.holdScope(request, { signal: begun.signal })) {
        clearTimeout(silence);
        const { scope: held, report } = message;
        isReported = report !== undefined;
        const text = isReported ? scopeReportText(report) : `${held?.name ?? ""}\n`;
        process.stdout.write(options.json === true ? jsonLine(HoldScopeResponse, message) : text);
      }
    } finally {
      clearTimeout(silence);
    }
  });
  if (!isReported) throw new CommandError("SCOPE_ENDED", `the daemon at ${options.address} ended the stream`);
}

/** Ends a scope, and prints what it was. */
export async function deleteScope(scope: string, options: DaemonCallOptions): Promise<void> {
  const request = DeleteScopeRequest.fromJSON({ ...options, scope });
  const reply = await callOnce(options, ScopeServiceDefinition, (client, call) => client.deleteScope(request, call));
  process.stdout.write(options.json === true ? jsonLine(DeleteScopeResponse, reply) : scopeReportText(reply.report));
}

/** ListScopesResponse, but that the list is there also when it is empty. */
const listMapping: JsonMapping<{ scopes: Scope[] }> = {
  toJSON: ({ scopes }) => ({ scopes: scopes.map((scope) => Scope.toJSON(scope)) }),
};

/** Lists the scopes, all pages of them, oldest first. */
export async function listScopes(options: DaemonCallOptions): Promise<void> {
  const scopes = await useService(options, ScopeServiceDefinition, async (client) =>
    allPages(async (at) => {
      const page = await client.listScopes({ ...at }, { signal: AbortSignal.timeout(answerMs) });
      return { items: page.scopes, nextPageToken: page.nextPageToken };
    }),
  );
  if (options.json === true) {
    process.stdout.write(jsonLine(listMapping, { scopes }));
    return;
  }
  const heads = ["SCOPE", "LISTENERS", "SESSIONS", "HOLDERS", "EXPIRES", "LABELS"];
  const row = ({ name, listeners, openSessions, holders, expireTime, labels }: Scope) => [
    name,
    String(listeners),
    String(openSessions),
    String(holders),
    expireTime === undefined ? "-" : rfc3339(expireTime.seconds, expireTime.nanos).replace(/\.\d+/, ""),
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(" "),
  ];
  process.stdout.write(table([heads, ...scopes.map(row)]));
}
