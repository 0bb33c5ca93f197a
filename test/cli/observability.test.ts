import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createClientFactory, Metadata } from "nice-grpc";
import { DaemonServiceDefinition } from "../../src/gen/hangup/v1/daemon.js";
import { hangup, linesOf, portOf, serve } from "../support/cli.js";
import { Clients } from "../support/daemon.js";
import { type Judge, startJudge } from "../support/judge.js";
import { Scrape } from "../support/metrics.js";

let judge: Judge;
beforeAll(async () => {
  judge = await startJudge();
});
afterAll(async () => judge.stop());

describe("hangup serve --metrics", () => {
  test("tells in the ready line where metrics are, and they end with it", async () => {
    await using served = await serve("--metrics", "127.0.0.1:0");
    const { metrics } = served.ready as unknown as { metrics: string };
    expect(metrics).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    await served.verb("listen", "echo");
    expect((await Scrape.of(metrics)).value('hangup_listeners{scope="default",state="LISTENING"}')).toBe(1);
    served.running.send("SIGTERM");
    expect(await served.running.exit()).toMatchObject({ code: 0, stderr: "" });
    const attempt = await judge.tryConnect({ host: "127.0.0.1", port: portOf(metrics) });
    expect(attempt).toMatchObject({ ok: false, errno: "ECONNREFUSED" });
  });

  test("refuses an address that others can reach with 1, and one in use too", async () => {
    const refused = async (metrics: string) => {
      const { code, stdout, stderr } = await hangup(["serve", "--listen", "127.0.0.1:0", "--metrics", metrics]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      return linesOf(stderr);
    };
    expect(await refused("0.0.0.0:0")).toEqual([expect.stringMatching(/^hangup: .*--insecure \(INSECURE_ADDRESS\)$/)]);
    await using served = await serve("--metrics", "127.0.0.1:0");
    const { metrics } = served.ready as unknown as { metrics: string };
    expect(await refused(metrics)).toEqual([expect.stringMatching(/in use \(EADDRINUSE\) \(PORT_IN_USE\)$/)]);
  });

  test.each([
    ["--metrics", "9464"],
    ["--otlp-endpoint", "127.0.0.1:4318"],
  ])("%s %s is wrong usage", async (option, value) => {
    const { code, stderr } = await hangup(["serve", "--listen", "127.0.0.1:0", option, value]);
    expect(code).toBe(2);
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^hangup: .*\(USAGE\)$/)]);
  });
});

/** A span in OTLP's JSON, as far as it is looked at here. */
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

/** A collector that keeps what it gets. */
async function startCollector(): Promise<AsyncDisposable & { readonly url: string; readonly spans: Span[] }> {
  const spans: Span[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString());
      if (request.url === "/v1/traces") {
        spans.push(
          ...body.resourceSpans.flatMap(({ scopeSpans }: never) => scopeSpans).flatMap((s: never) => s["spans"]),
        );
      }
      response.end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe("hangup serve --otlp-endpoint", () => {
  test("sends a span for each call, under its caller's, before it ends", async () => {
    await using collector = await startCollector();
    await using served = await serve("--otlp-endpoint", collector.url);
    await using clients = new Clients(served.address);
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    const info = createClientFactory().create(DaemonServiceDefinition, clients.channel);
    await info.getInfo({}, { metadata: new Metadata({ traceparent }) });
    await served.refused("reset", "nobody/1");
    clients.channel.close();
    served.running.send("SIGTERM");
    expect(await served.running.exit()).toMatchObject({ code: 0, stderr: "" });

    const named = new Map(collector.spans.map((span) => [span.name, span]));
    expect(named.get("hangup.v1.DaemonService/GetInfo")).toMatchObject({ traceId, parentSpanId: "b7ad6b7169203331" });
    // NOT_FOUND.
    expect(named.get("hangup.v1.SessionService/ResetSession")?.attributes).toContainEqual({
      key: "rpc.grpc.status_code",
      value: { intValue: 5 },
    });
  });

  test("a collector that is not there is a warning, and delays the end by no more than a second", async () => {
    const gone = await judge.listen({ host: "127.0.0.1" });
    const url = `http://127.0.0.1:${gone.port}`;
    await gone.close();
    await using served = await serve("--otlp-endpoint", url);
    await served.verb("info");
    const begin = performance.now();
    served.running.send("SIGTERM");
    const { code, stderr } = await served.running.exit();
    expect(code).toBe(0);
    expect(performance.now() - begin).toBeLessThan(5000);
    const events = linesOf(stderr).map((line) => (JSON.parse(line) as { event: string }).event);
    expect(new Set(events)).toEqual(new Set(["tracing_failed"]));
  });
});
