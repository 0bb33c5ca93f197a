import { type Observers, poke, waitUntil } from "../../src/domain/wait-until.js";

const never = () => new Error("too late");

test("what holds already resolves without an observer", async () => {
  const observers: Observers = new Set();
  expect(await waitUntil(observers, () => "yes", { timeoutMs: 0, onTimeout: never })).toBe("yes");
  expect(observers.size).toBe(0);
});

test("a timeout of 0 only asks", async () => {
  await expect(waitUntil(new Set(), () => undefined, { timeoutMs: 0, onTimeout: never })).rejects.toThrow("too late");
});

test.each<[string, (world: { value?: string }, observers: Observers, abort: AbortController) => void, string]>([
  [
    "is met at a poke",
    (world, observers) => {
      world.value = "met";
      poke(observers);
    },
    "met",
  ],
  [
    "ends by an error of its check",
    (world, observers) => {
      world.value = "throw";
      poke(observers);
    },
    "Error: of the check",
  ],
  ["is aborted", (_world, _observers, abort) => abort.abort(new Error("by the caller")), "Error: by the caller"],
  ["times out", () => undefined, "Error: too late"],
])("a wait that %s leaves no observer, timer or listener behind", async (_, happen, expected) => {
  const observers: Observers = new Set();
  const abort = new AbortController();
  const removed = jest.spyOn(abort.signal, "removeEventListener");
  const world: { value?: string } = {};
  const check = () => {
    if (world.value === "throw") throw new Error("of the check");
    return world.value;
  };
  const waiting = waitUntil(observers, check, { timeoutMs: 50, signal: abort.signal, onTimeout: never });
  expect(observers.size).toBe(1);
  happen(world, observers, abort);
  expect(await waiting.catch(String)).toBe(expected);
  expect(observers.size).toBe(0);
  expect(removed).toHaveBeenCalledTimes(1);
});

test("a signal that is aborted already ends the wait before it asks", async () => {
  const check = jest.fn();
  await expect(
    waitUntil(new Set(), check, { timeoutMs: 50, signal: AbortSignal.abort(new Error("gone")), onTimeout: never }),
  ).rejects.toThrow("gone");
  expect(check).not.toHaveBeenCalled();
});

test("a poke reaches all, also when one leaves during it", async () => {
  const observers: Observers = new Set();
  let open = false;
  const wait = () => waitUntil(observers, () => (open ? true : undefined), { timeoutMs: 1000, onTimeout: never });
  const all = Promise.all([wait(), wait(), wait()]);
  open = true;
  poke(observers);
  expect(await all).toEqual([true, true, true]);
});
