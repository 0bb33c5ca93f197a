// The pages under docs/actions: one for each action of the contract, with the same headings. Each has two commands, by grpcurl
// and by the command line; either is run on an idle echo session, and then session and peer have to be in the states that the
// page tells.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Action, BlackHoleAction_Direction } from "../../src/gen/hangup/v1/action.js";
import { Session_State } from "../../src/gen/hangup/v1/session.js";
import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { type Judge, startJudge } from "../support/judge.js";
import { manualPages, readPage, root, sectionsOf } from "./manual.js";

const proto = readFileSync(join(root, "proto/hangup/v1/action.proto"), "utf8");
const [, verbs = ""] = /oneof verb \{(.*?)\n {2}\}/s.exec(proto) ?? [];
const actions = [...verbs.matchAll(/^ {4}\w+Action (\w+) = \d+;/gm)].map(([, name = ""]) => name);

const headings = [
  "Ask for it",
  "It answers",
  "On the wire",
  "Kernel states",
  "What the peer sees",
  "It needs",
  "It refuses",
  "A test wants it",
  "Limits",
];

test("every action of the contract has its page, and no other thing has", () => {
  expect(actions.length).toBeGreaterThan(10);
  const pages = manualPages().filter((page) => page.startsWith("docs/actions/"));
  expect(pages.toSorted()).toEqual(actions.map((action) => `docs/actions/${action}.md`).toSorted());
});

describe.each(actions)("%s", (action) => {
  const page = readPage(`docs/actions/${action}.md`);

  test("the page has the headings that all have, in their order", () => {
    const [, ...sections] = sectionsOf(page);
    expect(sections.map(({ title }) => title)).toEqual(headings);
  });

  test("the page has a place for the outcomes", () => {
    expect(page.split("<!-- outcomes:begin -->")[1]).toMatch(/^[^]*\n<!-- outcomes:end -->\n/);
  });

  test("the reasons of its refusals are reasons of the code", () => {
    const [, table = ""] = /\| when \| reason \| instead \|\n\|[-|]*\n((?:\|[^\n]*\n)*)/.exec(page) ?? [];
    const reasons = [...table.matchAll(/^\| [^|]+ \| (\w+) \|/gm)].map(([, reason = ""]) => reason);
    expect(reasons).toContain("SESSION_ENDED");
    const errors = readPage("docs/errors.md");
    expect(reasons.filter((reason) => !errors.includes(`\n| \`${reason}\` |`))).toEqual([]);
  });
});

const pause: Action = { verb: { $case: "pause", value: {} } };

/** What has to be so before the command. */
const before: Readonly<Record<string, Action>> = {
  heal: { verb: { $case: "blackHole", value: { direction: BlackHoleAction_Direction.INBOUND } } },
  resume: pause,
  // The byte that the peer sends stays unread.
  reset_unread: pause,
};

const hasGrpcurl = spawnSync("bash", ["-c", "command -v grpcurl"], { stdio: "ignore" }).status === 0;
// Where it should be, a skipped test is a failure.
const ways = ["hangup", ...(hasGrpcurl || process.env["HANGUP_REQUIRE_GRPCURL"] === "1" ? ["grpcurl"] : [])];

describe.each(ways)("the command of the page, by %s", (way) => {
  let daemon: TestDaemon;
  let judge: Judge;

  beforeAll(async () => {
    [daemon, judge] = await Promise.all([startTestDaemon(), startJudge()]);
  });

  afterAll(async () => {
    await judge?.stop();
    await daemon?.stop();
  });

  test.each(actions)(
    "%s is performed, and leads to the states that the page tells",
    async (action) => {
      const page = readPage(`docs/actions/${action}.md`);
      const states = statesOf(page);
      const { host, port } = await daemon.listen(action);
      const session = `${action}/1`;
      const peer = await judge.connect({ host, port });
      const { session: opened } = await daemon.sessions.waitSession({ session });
      expect([nameOf(opened?.state), await peer.tcpState()]).toEqual(states.before);
      const first = before[action];
      if (first !== undefined) await daemon.sessions.performAction({ session, action: first });
      if (action === "reset_unread") await peer.send({ text: "x" });
      const { exitCode, output } = await run(commandOf(page, way).replaceAll("echo/1", session), daemon.daemon.address);
      expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
      if (way === "grpcurl") expect(output).toContain('"performed": "1"');
      const [after = "", peerAfter = ""] = states.after;
      // An acknowledgement may be late; nothing but the state is waited for.
      await daemon.sessions.waitSession({ session, state: Session_State[after as keyof typeof Session_State] });
      expect(await peer.tcpState()).toBe(peerAfter);
      await peer.close();
      await daemon.listeners.deleteListener({ listener: action });
    },
    120_000,
  );
});

function nameOf(state: Session_State | undefined): string | undefined {
  return Object.entries(Session_State).find(([, value]) => value === state)?.[0];
}

/** The command under the first heading that goes that way. */
function commandOf(page: string, way: string): string {
  const section = sectionsOf(page).find(({ title }) => title === "Ask for it");
  const [command, ...others] = (section?.blocks ?? []).filter(({ text }) => new RegExp(`^(npx )?${way} `).test(text));
  if (command === undefined || others.length > 0) throw new Error(`not one command by ${way}`);
  return command.text;
}

/** The states of session and peer, as the kernel of each has them. */
function statesOf(page: string): { before: string[]; after: string[] } {
  const row = (name: string) =>
    new RegExp(`^\\| ${name} \\| (\\w+) \\| (\\w+) \\|$`, "m").exec(page)?.slice(1, 3) ?? [];
  return { before: row("before"), after: row("after") };
}

/** Runs it beside the daemon at that address. */
async function run(command: string, address: string): Promise<{ exitCode: number | null; output: string }> {
  const child = spawn("bash", ["-c", command.replaceAll("127.0.0.1:4264", address)], {
    cwd: root,
    env: { ...process.env, HANGUP_ADDRESS: address, npm_config_loglevel: "error" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
  });
  let output = "";
  const add = (text: Buffer) => (output += text.toString());
  child.stdout.on("data", add);
  child.stderr.on("data", add);
  await once(child, "close");
  return { exitCode: child.exitCode, output };
}
