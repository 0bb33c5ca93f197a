import { startTestDaemon, type TestDaemon } from "../support/daemon.js";
import { type Capture, captureAvailability, type Packet, startCapture } from "../support/capture.js";
import { type Judge, startJudges } from "../support/judge.js";
import { Random } from "./random.js";
import { type Ground, type Played, Scenario, type Target } from "./scenario.js";
import { contradictions } from "./wire-truth.js";

// Random things are done to connections from both ends, and every receipt is held against what was on the wire and what
// the peer's calls gave. Nothing here knows what should have happened; only what a receipt may not say.
//
// HANGUP_HOSTILE_SECONDS: how long, 15 by default. HANGUP_HOSTILE_SEED: the first seed; each scenario has the next one.
// HANGUP_HOSTILE_COUNT: so many scenarios at most; 1 plays the scenario of a seed alone.

const seconds = Number(process.env["HANGUP_HOSTILE_SECONDS"] ?? 15);
const firstSeed = Number(process.env["HANGUP_HOSTILE_SEED"] ?? 1);
const maxScenarios = Number(process.env["HANGUP_HOSTILE_COUNT"] ?? Number.POSITIVE_INFINITY);
/** Scenarios of one capture: tcpdump is begun anew before it has seen too much. */
const perCapture = 400;
/** Complaints to tell in full. */
const toldInFull = 12;

const availability = captureAvailability();
let daemon: TestDaemon;
let judges: Judge[];
let grounds: Ground[];

beforeAll(async () => {
  daemon = await startTestDaemon();
  judges = await startJudges(4);
  const behaviours = ["echo", "discard", "silent", "manual"] as const;
  const requests: Parameters<typeof daemon.listeners.createListener>[0][] = [
    ...behaviours.map((name) => ({ name, behaviour: { kind: { $case: name, value: {} } } })),
    { name: "stays-open", onPeerFin: 2 },
    { name: "source", behaviour: { kind: { $case: "source", value: { bytes: 200_000n, seed: 1n } } } },
    { name: "small-window", receiveBufferBytes: 2048, behaviour: { kind: { $case: "silent", value: {} } } },
  ];
  const targets: Target[] = [];
  for (const request of requests) {
    const { listener } = await daemon.listeners.createListener(request);
    targets.push({ name: listener!.name, host: listener!.host, port: listener!.port });
  }
  grounds = await Promise.all(
    judges.map(async (judge) => ({ daemon, judge, targets, dialed: await judge.listen({ host: "127.0.0.1" }) })),
  );
});

afterAll(async () => {
  await Promise.all(judges.map((judge) => judge.stop()));
  await daemon.stop();
});

const facts = availability.available ? test : test.skip;

facts(
  "whatever is done to a connection, its receipt says what was on the wire and what its peer then met",
  async () => {
    const until = performance.now() + seconds * 1000;
    const complaints: string[] = [];
    let begun = 0;
    const goesOn = () => performance.now() < until && begun < maxScenarios;
    while (goesOn()) {
      const ports = [...grounds[0]!.targets.map(({ port }) => port), ...grounds.map(({ dialed }) => dialed.port)];
      const capture = await startCapture({ ports });
      const last = begun + perCapture;
      const work = async (ground: Ground) => {
        while (begun < last && goesOn()) {
          const seed = firstSeed + begun++;
          complaints.push(...(await playOne(ground, capture, seed)));
        }
      };
      await Promise.all(grounds.map(work));
      await capture.stop();
    }
    process.stderr.write(`receipt-truth: ${begun} scenarios from seed ${firstSeed}, ${complaints.length} complaints\n`);
    expect(complaints.slice(0, toldInFull).join("\n\n")).toBe("");
  },
  (seconds + 60) * 1000,
);

async function playOne(ground: Ground, capture: Capture, seed: number): Promise<string[]> {
  const scenario = new Scenario(ground, new Random(seed));
  let played: Played | undefined;
  try {
    played = await scenario.play();
  } catch (error) {
    scenario.complaints.push(`it could not be played: ${String((error as Error).stack)}`);
  }
  let wire: readonly Packet[] = [];
  if (played !== undefined) {
    await capture.drain();
    wire = packetsOf(capture.packets, played.ourPort, played.peerPort);
    scenario.complaints.push(
      ...contradictions(played.receipt, wire, played.ourPort, played),
      ...eventComplaints(played),
    );
  }
  if (scenario.complaints.length === 0) return [];
  return [
    [
      `seed ${seed}, ${played?.session}:`,
      ...scenario.complaints.map((complaint) => `  !! ${complaint}`),
      ...scenario.log.map((line) => `  ${line}`),
      `  receipt: ${JSON.stringify(played?.receipt)}`,
      ...wire.slice(-40).map(({ line }) => `  ${line.replace(/ options \[[^\]]*\],/, "")}`),
    ].join("\n"),
  ];
}

/** The packets of the newest life of two ports. */
function packetsOf(packets: readonly Packet[], one: number, other: number): readonly Packet[] {
  const own = packets.filter(
    ({ from, to }) => (from.port === one && to.port === other) || (from.port === other && to.port === one),
  );
  return own.slice(
    Math.max(
      0,
      own.findLastIndex(({ flags }) => /^S[EW]*$/.test(flags)),
    ),
  );
}

/** An end is told once, and what is told is what the receipt says. */
function eventComplaints({ receipt, events }: Played): string[] {
  const count = (kind: string) => events.filter((event) => event === kind).length;
  const told = {
    opened: count("sessionOpened"),
    ended: count("sessionEnded"),
    fin: count("peerFin"),
    rst: count("peerRst"),
  };
  const wrong: string[] = [];
  if (told.opened > 1 || told.ended !== 1 || told.fin > 1 || told.rst > 1)
    wrong.push(`events: ${JSON.stringify(told)}`);
  if ((receipt.peerEnd?.kind === "RST") !== (told.rst === 1))
    wrong.push(`peer end ${receipt.peerEnd?.kind}, ${told.rst} events peer_rst`);
  if (receipt.peerEnd?.kind === "FIN" && told.fin !== 1) wrong.push("peer end FIN without its event");
  return wrong;
}
