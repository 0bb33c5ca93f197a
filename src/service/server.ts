import { type Server, createServer, type ServerMiddleware } from "nice-grpc";
import { HealthDefinition, HealthServiceImpl, HealthState } from "nice-grpc-server-health";
import type { Fixture } from "../domain/fixture.js";
import { CaptureServiceDefinition } from "../gen/hangup/v1/capture.js";
import { DaemonServiceDefinition } from "../gen/hangup/v1/daemon.js";
import { EventServiceDefinition } from "../gen/hangup/v1/event.js";
import { ListenerServiceDefinition } from "../gen/hangup/v1/listener.js";
import { ScopeServiceDefinition } from "../gen/hangup/v1/scope.js";
import { SessionServiceDefinition } from "../gen/hangup/v1/session.js";
import { captureService } from "./capture-service.js";
import { type DaemonFacts, daemonService } from "./daemon-service.js";
import { eventService } from "./event-service.js";
import { listenerService } from "./listener-service.js";
import { reflectionDefinitions, reflectionService } from "./reflection.js";
import { scopeService } from "./scope-service.js";
import { sessionService } from "./session-service.js";
import { messageBytes } from "./fields.js";
import { type BugReport, errorFunnel } from "./status.js";

/** The package of the contract. */
export const apiVersion = "hangup.v1";

const services = [
  "hangup.v1.ListenerService",
  "hangup.v1.SessionService",
  "hangup.v1.EventService",
  "hangup.v1.CaptureService",
  "hangup.v1.ScopeService",
  "hangup.v1.DaemonService",
  "grpc.health.v1.Health",
];

/** What the server needs beside the fixture. */
export interface ServerFacts extends Omit<DaemonFacts, "apiVersion" | "messageBytes"> {
  readonly reportBug: BugReport;
  /** Told of each call as it begins and ends. */
  readonly onCall: ServerMiddleware;
}

/** The gRPC server of a fixture with health and reflection, not yet listening. */
export function grpcServer(fixture: Fixture, facts: ServerFacts): Server {
  const server = createServer({ "grpc.max_receive_message_length": messageBytes })
    .use(errorFunnel(facts.reportBug))
    .use(facts.onCall);
  server.add(ListenerServiceDefinition, listenerService(fixture));
  server.add(SessionServiceDefinition, sessionService(fixture));
  server.add(EventServiceDefinition, eventService(fixture));
  server.add(ScopeServiceDefinition, scopeService(fixture));
  server.add(CaptureServiceDefinition, captureService(fixture));
  server.add(DaemonServiceDefinition, daemonService(fixture, { ...facts, apiVersion, messageBytes }));
  const health = HealthState();
  for (const service of services) health.setStatus("healthy", service);
  server.add(HealthDefinition, HealthServiceImpl(health));
  const reflection = reflectionService(services);
  for (const definition of reflectionDefinitions) server.add(definition, reflection);
  return server;
}
