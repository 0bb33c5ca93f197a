import { type OutlookFacts, peerOutlook } from "../../src/domain/peer-outlook.js";
import type { End } from "../../src/domain/receipt.js";

// The table of what a Linux peer gets; the endings themselves are proven by the judge in actions/*.test.ts.

const cause = { kind: "PEER" } as const;
const fin: End = { kind: "FIN", cause, time: 1n };
const rst: End = { kind: "RST", cause, time: 2n };
const rstAfterFin: End = { ...rst, earlierFin: { cause, time: 1n } };

function outlook(facts: Partial<OutlookFacts>) {
  const seen = peerOutlook({
    ends: {},
    stateBefore: "ESTABLISHED",
    released: true,
    isTcp: true,
    unseen: undefined,
    mayHoldData: false,
    ...facts,
  });
  return seen === undefined ? undefined : `read ${seen.nextRead.join("|")}, write ${seen.nextWrite.join("|")}`;
}

test.each<[string, Partial<OutlookFacts>, string | undefined]>([
  ["nothing has ended", {}, undefined],
  ["the peer alone sent FIN", { ends: { peer: fin } }, undefined],
  ["the peer reset", { ends: { local: fin, peer: rst } }, undefined],
  ["RST", { ends: { local: rst } }, "read ECONNRESET, write ECONNRESET"],
  ["RST behind data", { ends: { local: rst }, mayHoldData: true }, "read DATA|ECONNRESET, write ECONNRESET"],
  ["RST after the peer’s FIN", { ends: { local: rst, peer: fin } }, "read ECONNRESET, write ECONNRESET"],
  ["FIN then RST", { ends: { local: rstAfterFin }, stateBefore: "FIN_WAIT2" }, "read EOF, write EPIPE"],
  [
    "FIN then RST, the FIN perhaps stuck",
    { ends: { local: rstAfterFin }, stateBefore: "FIN_WAIT1" },
    "read EOF|ECONNRESET, write EPIPE|ECONNRESET",
  ],
  ["FIN, still reading", { ends: { local: fin }, released: false }, "read EOF, write OK"],
  ["FIN both ways", { ends: { local: fin, peer: fin } }, "read EOF, write EPIPE"],
  ["FIN and released", { ends: { local: fin } }, "read EOF, write OK"],
  ["FIN and released on a unix socket", { ends: { local: fin }, isTcp: false }, "read EOF, write EPIPE"],
  [
    "whatever we do to a peer that obeys none of it",
    { ends: { local: rst }, unseen: "NO_FIN" },
    "read BLOCKS, write OK",
  ],
  [
    "the same behind data",
    { ends: { local: fin }, unseen: "NO_FIN", mayHoldData: true },
    "read DATA|BLOCKS|ECONNRESET, write OK|ECONNRESET",
  ],
  [
    "the same to a peer that has our FIN",
    { ends: { local: rstAfterFin }, unseen: "FIN_ACKNOWLEDGED" },
    "read EOF, write OK",
  ],
  [
    "the same to a peer that may have our FIN",
    { ends: { local: fin }, unseen: "FIN_UNACKNOWLEDGED" },
    "read EOF|BLOCKS, write OK|EPIPE",
  ],
  [
    "the same to a peer that has sent FIN",
    { ends: { local: rst, peer: fin }, unseen: "NO_FIN" },
    "read BLOCKS, write EPIPE",
  ],
])("%s", (_, facts, expected) => {
  expect(outlook(facts)).toBe(expected);
});
