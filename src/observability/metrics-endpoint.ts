import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Registry } from "prom-client";
import { type Address, dialableHost, formatAddress } from "../kernel/address.js";
import { privately, removeStaleUnixSocket } from "../kernel/unix-socket.js";

/** A connection is one scrape, and lives no longer than this, in ms, however slow or silent its client is. */
const usualConnectionMs = 10_000;
/** Connections at once; what comes beyond them is closed at once. */
const maxConnections = 32;
/** A request for metrics is a line or two. */
const maxHeaderSize = 8192;

/** Where metrics are. */
export interface Endpoint extends AsyncDisposable {
  readonly address: string;
}

/** Answers GET /metrics. @throws what the bind throws. */
export async function serveMetrics(
  registry: Registry,
  listen: Address,
  connectionMs: number = usualConnectionMs,
): Promise<Endpoint> {
  let scrape: Promise<string> | undefined;
  // Those who ask at once get one and the same.
  const metrics = () => (scrape ??= registry.metrics().finally(() => (scrape = undefined)));
  const server = createServer({ maxHeaderSize }, (request, response) => {
    void answer(request, response, metrics, registry.contentType);
  });
  server.maxConnections = maxConnections;
  server.on("connection", (socket) => {
    const timer = setTimeout(() => socket.destroy(), connectionMs).unref();
    socket.once("close", () => clearTimeout(timer));
  });
  await bind(server, listen);
  // A connection that cannot be accepted, as where descriptors run out, is the scraper's misfortune and no more.
  server.on("error", () => {});
  const { port = 0 } = Object(server.address()) as { port?: number };
  return {
    address: formatAddress(listen.kind === "unix" ? listen : { ...listen, host: dialableHost(listen.host), port }),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function bind(server: Server, listen: Address): Promise<void> {
  const begin = async () => {
    server.listen(listen.kind === "unix" ? { path: listen.path } : { host: listen.host, port: listen.port });
    await once(server, "listening");
  };
  if (listen.kind !== "unix") return await begin();
  await removeStaleUnixSocket(listen.path);
  await privately(listen.path, begin);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  metrics: () => Promise<string>,
  contentType: string,
): Promise<void> {
  const end = (status: number, text: string, headers: Readonly<Record<string, string>> = {}) =>
    response
      .writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close", ...headers })
      .end(text);
  if (request.method !== "GET" && request.method !== "HEAD") return void end(405, "GET it\n", { allow: "GET, HEAD" });
  if (request.url?.split("?", 1)[0] !== "/metrics") return void end(404, "/metrics is what there is\n");
  try {
    end(200, await metrics(), { "content-type": contentType });
  } catch (error) {
    end(500, `${String(error)}\n`);
  }
}
