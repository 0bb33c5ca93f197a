import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { linesOf, scratchDirectory, type Served, serve } from "../support/cli.js";
import { type Judge, startJudge } from "../support/judge.js";
import { connected } from "./connected.js";

let judge: Judge;
let served: Served;
let reason = "";
beforeAll(async () => {
  [judge, served] = await Promise.all([startJudge(), serve()]);
  const { capabilities } = JSON.parse(await served.verb("info", "--json"));
  const capture = capabilities.find(({ name }: { name: string }) => name === "capture");
  reason = capture.available ? "" : capture.reason;
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await judge.stop();
});

describe("hangup capture", () => {
  test("start, stop, packets: the segments of a session and a pcap file, or the reason why not", async () => {
    if (reason !== "") {
      const { code, lines } = await served.refused("capture", "start");
      expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringMatching(/\(CAPTURE_UNAVAILABLE\)$/)] });
      expect(lines[0]).toContain(`hangup: ${reason}`);
      return;
    }
    await using directory = await scratchDirectory();
    expect(await served.verb("capture", "start", "wire")).toBe("wire\n");
    const peer = await connected(judge, served, "seen");
    await served.verb("throttle", "seen/1", "--chunk-bytes", "1");
    await served.verb("send", "seen/1", "--text", "abc");
    const { receipt } = JSON.parse(await served.verb("reset", "seen/1", "--json"));
    expect(receipt).toMatchObject({ evidence: "CAPTURED" });
    expect(await peer.recvAll()).toMatchObject({ end: "ECONNRESET" });
    await peer.close();
    expect(await served.verb("capture", "stop", "wire")).toMatch(/^wire: \d+ packets, 0 dropped\n$/);

    const [header = "", ...rows] = linesOf(await served.verb("capture", "packets", "wire", "--session", "seen/1"));
    expect(header).toMatch(/^TIME +DIRECTION +FLAGS +SEQ +ACK +WINDOW +LENGTH$/);
    const sent = rows
      .map((row) => row.split(/ +/))
      .filter(([, direction, , , , , length]) => direction === "SENT" && length !== "0");
    expect(sent.map(([, , , , , , length]) => length)).toEqual(["1", "1", "1"]);
    expect(rows.at(-2)).toMatch(/ SENT +R\. /);

    const file = join(directory.path, "wire.pcap");
    const told = await served.verb("capture", "packets", "wire", "--pcap", file);
    expect(told).toMatch(/^wire: \d+ packets, 0 dropped\n$/);
    // pcap-savefile(5): the magic number says microseconds or nanoseconds.
    expect([0xa1b2c3d4, 0xa1b23c4d]).toContain((await readFile(file)).readUInt32LE(0));
    expect(
      await served.refused("capture", "packets", "wire", "--pcap", join(directory.path, "no/where")),
    ).toMatchObject({
      code: 1,
      lines: [expect.stringMatching(/\(ENOENT\)$/)],
    });
  });

  test("packets of a capture that was never started is 1 and one line", async () => {
    const { code, lines } = await served.refused("capture", "packets", "nothing", "--pcap", "-");
    expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringMatching(/^hangup: .* \([A-Z_]+\)$/)] });
  });

  test("without a verb of its own it is wrong usage", async () => {
    expect(await served.refused("capture")).toMatchObject({ code: 2, stdout: "" });
  });

  test.each([[["start", "a", "b"]], [["packets"]], [["packets", "--pcap", "-", "--session", "a/1"]]])(
    "capture %j is wrong usage: 2 and one line",
    async (words) => {
      const { code, stdout, lines } = await served.refused("capture", ...words);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(lines).toEqual([expect.stringMatching(/^hangup: .* \(USAGE\)$/)]);
    },
  );
});
