import { interleaved } from "../../bench/interleaved.js";

test("each takes its turn in every round, in an order that rotates, and the first round does not count", async () => {
  const order: string[] = [];
  const turns = ["a", "b", "c"].map((what) => ({
    what,
    take: async () => {
      order.push(what);
      return order.length;
    },
  }));
  const results = await interleaved(turns, { rounds: 2 });
  expect(order.join("")).toBe("abcbcacab");
  expect([...results]).toEqual([
    ["a", [6, 8]],
    ["b", [4, 9]],
    ["c", [5, 7]],
  ]);
});

test("a turn that fails fails all", async () => {
  const turns = [{ what: "a", take: () => Promise.reject(new Error("EOF")) }];
  await expect(interleaved(turns, { rounds: 1 })).rejects.toThrow("EOF");
});
