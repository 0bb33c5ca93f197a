import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { examples, serveExample } from "../examples/examples.js";
import { type Client, clients, goProgram, type Run, versionOf } from "./clients.js";
import { note, type Reports, told, write } from "./table.js";

// What clients that nobody changed report under the examples. The tables of docs/real-clients.md are the expectation;
// with HANGUP_UPDATE_TABLE=1 they are written instead, from this very run. The facts that the tables are for stand
// below as well.

const updating = process.env["HANGUP_UPDATE_TABLE"] === "1";
/** Where all clients should be, one that is missing is a failure. */
const maySkip = process.env["HANGUP_REQUIRE_CLIENTS"] !== "1";
/** How often a client is run where it may report one thing or the other, when the tables are written. */
const rounds = 30;

const timeouts: Readonly<Record<string, number>> = { "slow-drip": 0.5, "half-open": 0.5 };
/** The reset comes while the client connects, writes or reads; libuv may read data and RST together as EOF. */
const undecided = new Set(["reset-on-accept", "http-reset-in-body"]);

const versions = new Map(
  clients.flatMap((client) =>
    [versionOf(client)].flatMap((version) => (version === undefined ? [] : [[client.name, version] as const])),
  ),
);
const expected = told();
const seen: Reports = new Map();
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hangup-clients-"));
  if (!versions.has("Go net/http")) return;
  goProgram.path = join(folder, "client");
  execFileSync("go", ["build", "-o", goProgram.path, goProgram.source]);
}, 180_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (updating) write(seen, versions);
});

describe.each(clients)("$name", (client) => {
  const mine = examples().filter((example) => speaks(example) === client.speaks);
  if (!versions.has(client.name) && maySkip && !updating) {
    test.skip("not run: it is not here", () => {});
    return;
  }
  test.each(mine)(
    "%s",
    async (example) => {
      const times = updating && undecided.has(example) ? rounds : 1;
      for (const said of await reportsUnder(client, example, times)) {
        note(seen, client.name, example, said);
        if (!updating) expect([...(expected.get(client.name)?.get(example) ?? [])]).toContain(said);
      }
    },
    120_000,
  );
});

test.each([
  ["curl", "http-eof-before-status", "exit 52 CURLE_GOT_NOTHING"],
  ["curl", "http-reset-in-body", "exit 56 CURLE_RECV_ERROR"],
  ["curl", "http-eof-in-body", "exit 18 CURLE_PARTIAL_FILE"],
  ["curl", "refused", "exit 7 CURLE_COULDNT_CONNECT"],
  ["curl", "slow-drip", "exit 28 CURLE_OPERATION_TIMEDOUT"],
  ["requests", "third-try", "requests.ConnectionError from urllib3.ProtocolError from ConnectionResetError"],
  ["urllib3, Retry(total=2)", "third-try", "200, 5 bytes, after 2 retries"],
  ["Go net/http", "http-eof-in-body", "Body, after 10 bytes: io.ErrUnexpectedEOF"],
  ["Go net/http", "http-reset-in-body", "Body, after 10 bytes: syscall.ECONNRESET"],
  ["Node fetch (undici)", "third-try", "TypeError: fetch failed, cause ECONNRESET"],
])("%s under %s reports %s, and nothing else", (client, example, said) => {
  expect([...((updating ? seen : expected).get(client)?.get(example) ?? [])]).toEqual([said]);
});

async function reportsUnder(client: Client, name: string, times: number): Promise<string[]> {
  await using example = await serveExample(name);
  const run: Run = {
    host: example.host,
    port: example.port,
    url: `${name.startsWith("tls-") ? "https" : "http"}://${example.host}:${example.port}/`,
    timeout: timeouts[name] ?? 5,
    requests: name === "half-open" || name === "redis-reset" ? 2 : 1,
  };
  const reports: string[] = [];
  for (let round = 0; round < times; round += 1) reports.push(await client.reports(run));
  return reports;
}

function speaks(example: string): Client["speaks"] {
  if (example.startsWith("redis-")) return "redis";
  return example.startsWith("postgres-") ? "postgres" : "http";
}
