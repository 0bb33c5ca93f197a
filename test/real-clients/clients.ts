import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

// Clients that people use, as they come. Each run says in one line what it reports.

const programs = join(__dirname, "programs");
const python = process.env["HANGUP_PYTHON"] ?? "python3";

/** How a client is run against an example. */
export interface Run {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** The timeout that the client is given, in seconds, and how many requests it makes one after the other. */
  readonly timeout: number;
  readonly requests: number;
}

export interface Client {
  readonly name: string;
  /** Prints the version that runs; another exit code than 0 where the client is not there. */
  readonly version: readonly string[];
  readonly speaks: "http" | "redis" | "postgres";
  readonly reports: (run: Run) => Promise<string>;
}

/** The names that the manual of curl has for its exit codes (libcurl-errors(3)). */
const curlCodes: Readonly<Record<number, string>> = {
  7: "CURLE_COULDNT_CONNECT",
  18: "CURLE_PARTIAL_FILE",
  28: "CURLE_OPERATION_TIMEDOUT",
  35: "CURLE_SSL_CONNECT_ERROR",
  52: "CURLE_GOT_NOTHING",
  55: "CURLE_SEND_ERROR",
  56: "CURLE_RECV_ERROR",
};

/** The Go program, once it is built; it cannot be run before. */
export const goProgram = { source: join(programs, "client.go"), path: "" };

export const clients: readonly Client[] = [
  {
    name: "curl",
    version: ["curl", "--version"],
    speaks: "http",
    async reports({ url, timeout, requests }) {
      const urls = Array<string>(requests).fill(url);
      const { code, stdout } = await output("curl", [
        "--disable",
        "--silent",
        "--insecure",
        "--max-time",
        String(timeout),
        ...urls,
      ]);
      const last = stdout.length / requests;
      return code === 0 ? `exit 0, ${last} bytes` : `exit ${code} ${curlCodes[code] ?? ""}`.trim();
    },
  },
  pythonClient("requests", "requests"),
  pythonClient("urllib3, Retry(total=2)", "urllib3-retry"),
  {
    name: "Go net/http",
    version: ["go", "version"],
    speaks: "http",
    reports: (run) => line(goProgram.path, [run.url, String(run.timeout), String(run.requests)]),
  },
  {
    name: "Node fetch (undici)",
    version: ["node", "--version"],
    speaks: "http",
    reports: (run) =>
      line(
        "node",
        ["--no-warnings", join(programs, "client.mjs"), run.url, String(run.timeout), String(run.requests)],
        {
          NODE_TLS_REJECT_UNAUTHORIZED: "0",
        },
      ),
  },
  {
    name: "redis-cli",
    version: ["redis-cli", "--version"],
    speaks: "redis",
    async reports({ host, port, requests }) {
      const { code, stdout, stderr } = await output("redis-cli", [
        "-h",
        host,
        "-p",
        String(port),
        "-r",
        String(requests),
        "PING",
      ]);
      return [...lines(stdout), ...lines(stderr), `exit ${code}`].join(", ");
    },
  },
  {
    name: "psql (libpq)",
    version: ["psql", "--version"],
    speaks: "postgres",
    async reports({ host, port, timeout }) {
      const server = `host=${host} port=${port} user=me dbname=me sslmode=prefer gssencmode=disable connect_timeout=${Math.ceil(timeout)}`;
      const { code, stderr } = await output("psql", ["--no-psqlrc", server, "--command", "select 1"]);
      // The rest says what it probably means.
      const [said = ""] = lines(stderr);
      return `${said.replace(/^psql: error: connection to server at .* failed: /, "connecting: ")}, exit ${code}`;
    },
  },
];

function pythonClient(name: string, library: string): Client {
  return {
    name,
    version: [
      python,
      "-c",
      "import requests, urllib3; print(f'requests {requests.__version__}, urllib3 {urllib3.__version__}')",
    ],
    speaks: "http",
    reports: (run) =>
      line(python, [
        "-W",
        "ignore",
        join(programs, "client.py"),
        library,
        run.url,
        String(run.timeout),
        String(run.requests),
      ]),
  };
}

/** The first line of what a client says of its version; undefined where it is not there. */
export function versionOf(client: Client): string | undefined {
  const [command = "", ...args] = client.version;
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? lines(stdout)[0] : undefined;
}

async function line(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string> {
  const { code, stdout, stderr } = await output(command, args, env);
  const [said, ...more] = lines(stdout);
  if (code !== 0 || said === undefined || more.length > 0)
    throw new Error(`${command}: exit ${code}: ${stdout}${stderr}`);
  return said;
}

/** No run takes longer, in ms, whatever its own timeout. */
const deadlineMs = 15_000;

async function output(command: string, args: readonly string[], extra: Readonly<Record<string, string>> = {}) {
  const proxies = Object.keys(process.env).filter((name) => /_proxy$/i.test(name));
  const env = { ...process.env, LC_ALL: "C", ...Object.fromEntries(proxies.map((name) => [name, ""])), ...extra };
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env, timeout: deadlineMs });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (signal !== null) throw new Error(`${command} ${args.join(" ")}: ${String(signal)} after ${stdout}${stderr}`);
  return { code: Number(code), stdout, stderr };
}

function lines(said: string): string[] {
  return said.split("\n").filter((one) => one.trim() !== "");
}
