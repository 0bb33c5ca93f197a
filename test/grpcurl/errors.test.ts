import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { type Judge, startJudge } from "../support/judge.js";
import { Grpcurl } from "./grpcurl.js";

// grpcurl exits with 64 + the code of the status, and prints each detail as JSON where it knows its type.

let daemon: TestDaemon;
let grpcurl: Grpcurl;
let judge: Judge;

beforeEach(async () => {
  [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
  grpcurl = new Grpcurl(daemon.daemon.address);
});

afterEach(async () => {
  await Promise.all([daemon.stop(), judge.stop()]);
});

/** The details by their type, such as `ErrorInfo`. */
function details(stderr: string): Record<string, unknown> {
  const blocks = stderr.split(/^ {2}\d+\)\t/m).slice(1);
  return Object.fromEntries(
    blocks.map((block) => {
      const detail: { "@type": string } = JSON.parse(block);
      return [detail["@type"].split(".").at(-1), detail];
    }),
  );
}

test("NOT_FOUND exits with 69 and names the near ones", async () => {
  await daemon.listen("echo");
  const { code, stderr } = await grpcurl.call("ListenerService/GetListener", '{"listener":"ecko"}');
  expect(code).toBe(69);
  expect(stderr).toMatch(/Code: NotFound\n.*Message: .*"echo"/);
  expect(details(stderr)).toMatchObject({
    ErrorInfo: { domain: "hangup.v1", reason: "UNKNOWN_LISTENER" },
    ResourceInfo: { resourceName: "ecko" },
  });
});

test("INVALID_ARGUMENT exits with 67 and names the field", async () => {
  const { code, stderr } = await grpcurl.call("ListenerService/CreateListener", '{"port":65536}');
  expect(code).toBe(67);
  expect(details(stderr)).toMatchObject({
    ErrorInfo: { reason: "INVALID_FIELD" },
    BadRequest: { fieldViolations: [{ field: "port", description: expect.stringContaining("65535") }] },
  });
});

test("ALREADY_EXISTS exits with 70", async () => {
  await daemon.listen("echo");
  const { code, stderr } = await grpcurl.call("ListenerService/CreateListener", '{"name":"echo"}');
  expect(code).toBe(70);
  expect(details(stderr)).toMatchObject({ ErrorInfo: { reason: "NAME_TAKEN" } });
});

test("FAILED_PRECONDITION exits with 73 and carries the receipt so far", async () => {
  const { host, port } = await daemon.listen("echo");
  await judge.connect({ host, port });
  await grpcurl.reply("SessionService/WaitSession", '{"session":"echo/1"}');
  await grpcurl.reply("SessionService/ResetSession", '{"session":"echo/1"}');
  const { code, stderr } = await grpcurl.call("SessionService/ResetSession", '{"session":"echo/1"}');
  expect(code).toBe(73);
  expect(details(stderr)).toMatchObject({
    ErrorInfo: { reason: "SESSION_ENDED" },
    Receipt: { session: "echo/1", localEnd: { kind: "RST" }, final: true },
  });
});

test("a target that refuses exits with 73 and tells the errno", async () => {
  const listener = await judge.listen({ host: "127.0.0.1" });
  await listener.close();
  const { code, stderr } = await grpcurl.call("SessionService/OpenSession", `{"target":"127.0.0.1:${listener.port}"}`);
  expect(code).toBe(73);
  expect(details(stderr)).toMatchObject({
    ErrorInfo: { reason: "CONNECT_FAILED", metadata: { errno: "ECONNREFUSED" } },
  });
});

test("DEADLINE_EXCEEDED exits with 68 and comes from the daemon", async () => {
  const { code, stderr } = await grpcurl.call("SessionService/WaitSession", '{"session":"echo/1","timeout":"0.05s"}');
  expect(code).toBe(68);
  expect(details(stderr)).toMatchObject({ ErrorInfo: { reason: "WAIT_TIMEOUT" } });
});
