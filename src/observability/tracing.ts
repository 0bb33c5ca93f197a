import { context, diag, DiagLogLevel, propagation, trace } from "@opentelemetry/api";
import { loggingErrorHandler, setGlobalErrorHandler } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import type { ServerMiddleware } from "nice-grpc-common";
import { openTelemetryServerMiddleware } from "nice-grpc-opentelemetry";

/** How long spans that are left may take to reach their collector at the end, in ms. */
const flushMs = 1000;

/** Spans of calls, on their way to a collector. */
export interface Tracing extends AsyncDisposable {
  readonly middleware: ServerMiddleware;
}

/** What the spans are of. */
export interface TracingOptions {
  /** Of an OTLP collector, to which `/v1/traces` is appended: `http://127.0.0.1:4318`. */
  readonly endpoint: string;
  readonly version: string;
  /** Told when spans do not reach it. */
  readonly onFailure: (why: string) => void;
}

/** Begins to trace: a span for each RPC, under the caller's if it sends one (W3C Trace Context). */
export function startTracing({ endpoint, version, onFailure }: TracingOptions): Tracing {
  const tell = (...why: readonly unknown[]) => onFailure(`tracing: ${why.map(String).join(" ")}`);
  const silent = () => {};
  diag.setLogger({ error: tell, warn: tell, info: silent, debug: silent, verbose: silent }, DiagLogLevel.WARN);
  setGlobalErrorHandler((error) => tell(error instanceof Error ? error.message : error));
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, "")}/v1/traces` });
  const provider = new NodeTracerProvider({
    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go over ours.
    resource: resourceFromAttributes({ "service.name": "hangup", "service.version": version }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register();
  return {
    middleware: openTelemetryServerMiddleware(),
    async [Symbol.asyncDispose]() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          tell(`spans of the last calls did not reach it within ${flushMs} ms`);
          resolve();
        }, flushMs);
      });
      await Promise.race([provider.shutdown().catch(tell), late]);
      clearTimeout(timer);
      trace.disable();
      context.disable();
      propagation.disable();
      setGlobalErrorHandler(loggingErrorHandler());
      diag.disable();
    },
  };
}
