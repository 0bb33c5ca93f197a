import { type Server, createServer, type ServerMiddleware, type TsProtoServiceDefinition } from "nice-grpc";
import { HealthDefinition, HealthServiceImpl, HealthState } from "nice-grpc-server-health";
import { DomainError, type ErrorReason } from "../domain/errors.js";
import type { Fixture } from "../domain/fixture.js";
import { CaptureServiceDefinition } from "../gen/hangup/v1/capture.js";
import { ControlServiceDefinition } from "../gen/hangup/v1/control.js";
import { DaemonServiceDefinition } from "../gen/hangup/v1/daemon.js";
import { ListenerServiceDefinition } from "../gen/hangup/v1/listener.js";
import { ScopeServiceDefinition } from "../gen/hangup/v1/scope.js";
import { SessionServiceDefinition } from "../gen/hangup/v1/session.js";
import { type Authentication, authentication } from "./authentication.js";
import { captureService } from "./capture-service.js";
import { completeReplies } from "./complete-replies.js";
import { controlName, controlService } from "./control-service.js";
import { type DaemonFacts, daemonService } from "./daemon-service.js";
import { EncodedEventServiceDefinition } from "./encoded-events.js";
import { eventService } from "./event-service.js";
import { listenerService } from "./listener-service.js";
import { type CallObserver, observedCalls, observedMethods, observeRefused } from "./observed-calls.js";
import { reflectionDefinitions, reflectionService } from "./reflection.js";
import { scopeService } from "./scope-service.js";
import { sessionService } from "./session-service.js";
import { type BugReport, errorFunnel } from "./status.js";
import { decodedOnly, decodingAll } from "./undecodable.js";

/** The package of the contract. */
export const apiVersion = "hangup.v1";

const services = [
  "hangup.v1.ListenerService",
  "hangup.v1.SessionService",
  "hangup.v1.EventService",
  "hangup.v1.CaptureService",
  "hangup.v1.ScopeService",
  "hangup.v1.ControlService",
  "hangup.v1.DaemonService",
  "grpc.health.v1.Health",
];

/** What the server needs beside the fixture. */
export interface ServerFacts extends Omit<DaemonFacts, "apiVersion"> {
  /** How often a client is asked whether it is still there, and how long it may take to answer; undefined: never. */
  readonly keepaliveMs: number | undefined;
  readonly reportBug: BugReport;
  /** Told of each call as it begins and ends. */
  readonly onCall: ServerMiddleware;
  /** Who is told of calls that are over, and what goes around each. */
  readonly observation: { readonly calls: CallObserver | undefined; readonly tracing: ServerMiddleware | undefined };
  /** Undefined where whoever reaches the server may call it. */
  readonly authentication: Authentication | undefined;
}

/** The gRPC server of a fixture with health and reflection, not yet listening. */
export function grpcServer(fixture: Fixture, facts: ServerFacts): Server {
  const { keepaliveMs } = facts;
  const { calls, tracing } = facts.observation;
  const onRefused = (path: string, reason: ErrorReason) => {
    if (calls !== undefined)
      observeRefused(calls, path, new DomainError("UNAUTHENTICATED", reason, "the caller has not the token"));
  };
  let server: Server = createServer({
    interceptors: facts.authentication === undefined ? [] : [authentication(facts.authentication, onRefused)],
    "grpc.max_receive_message_length": fixture.limits.messageBytes,
    ...(keepaliveMs === undefined
      ? {}
      : { "grpc.keepalive_time_ms": keepaliveMs, "grpc.keepalive_timeout_ms": keepaliveMs }),
  });
  // Outermost first: spans tell of the status, the observer of what was thrown.
  if (tracing !== undefined) server = server.use(tracing);
  server = server.use(errorFunnel(facts.reportBug));
  if (calls !== undefined) server = server.use(observedCalls(calls));
  server = server.use(decodedOnly).use(facts.onCall);
  const listeners = listenerService(fixture);
  const sessions = sessionService(fixture);
  const events = eventService(fixture);
  const scopes = scopeService(fixture);
  const captures = captureService(fixture);
  const daemon = daemonService(fixture, { ...facts, apiVersion });
  server.add(served(ListenerServiceDefinition), listeners);
  server.add(served(SessionServiceDefinition), sessions);
  server.add(served(EncodedEventServiceDefinition), events);
  server.add(served(ScopeServiceDefinition), scopes);
  server.add(served(CaptureServiceDefinition), captures);
  server.add(served(DaemonServiceDefinition), daemon);
  const methods = { ...listeners, ...sessions, ...events, ...scopes, ...captures, ...daemon };
  const carried = calls === undefined ? methods : observedMethods(controlName, methods, calls);
  server.add(served(ControlServiceDefinition), controlService(fixture, carried, facts.reportBug, calls));
  const health = HealthState();
  // One for each call of Watch, of which Node takes more than ten for a leak, and says so on stderr.
  health.setMaxListeners(0);
  for (const service of services) health.setStatus("healthy", service);
  server.add(decodingAll(HealthDefinition), HealthServiceImpl(health));
  const reflection = reflectionService(services);
  for (const definition of reflectionDefinitions) server.add(definition, reflection);
  return server;
}

function served<Definition extends TsProtoServiceDefinition>(definition: Definition): Definition {
  return completeReplies(decodingAll(definition));
}
