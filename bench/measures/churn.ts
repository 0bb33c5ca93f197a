import { ask, Child, cpuUs } from "../child.js";
import { Commander } from "../commander.js";
import { epoll, goEcho, type Running, tools, toxiproxy } from "../contestants.js";
import { assertEndings, type Endings } from "../endings.js";
import { each, interleaved } from "../interleaved.js";
import type { Measure, Row } from "../measure.js";
import { assertTold, type Tally } from "../tally.js";
import { withAll } from "../with-all.js";

// Connections that come and go: connect, echo, FIN, EOF, close; 16 at a time. What events cost is told by the daemon's
// CPU time for one connection: the subscribers are processes of their own, and take the same cores.

const atOnce = 16;

interface Churned extends Endings {
  readonly ns: number;
  readonly unanswered: number;
}

export const churn: Measure = {
  name: "churn",
  about: `connect + echo + close a second, ${atOnce} at a time, and what subscribers to all events cost`,
  defaultRounds: 5,
  async run({ rounds, quick, contestants }) {
    const { driver, load } = tools(contestants);
    const ms = quick ? 200 : 1000;
    const take = async (one: Running, subscribers: number) => {
      const subscription =
        subscribers === 0
          ? undefined
          : Child.start(driver, ["-address", one.address, "-n", String(subscribers), "subscribe"]);
      await subscription?.read();
      const commander = await Commander.start(driver, one);
      const port = await commander.listen("churn", "byPeer");
      const before = cpuUs(one.pid);
      const churned = await ask<Churned>(load, ["churn", port, String(atOnce), String(ms)]);
      assertEndings(one.contestant.name, "eof", churned.eof + churned.unanswered, churned);
      let told: Tally[] = [];
      if (subscription !== undefined) {
        subscription.write(String(churned.eof));
        told = await subscription.read<Tally[]>();
        await subscription.stop();
        assertTold(one.contestant.name, churned.eof, told);
      }
      // With the events of them all sent.
      const cpu = (cpuUs(one.pid) - before) / churned.eof;
      await commander.delete("churn");
      await commander.stop();
      return { perSecond: churned.eof / (churned.ns / 1e9), cpu, count: churned.eof };
    };
    return withAll(contestants.all, async (running) => {
      const turns = running.flatMap((one) => {
        const subscribers = one.contestant.isHangup ? [0, 1, 10] : [0];
        return subscribers.map((count) => ({
          what: named(count, one.contestant.name),
          take: () => take(one, count),
        }));
      });
      const results = await interleaved(turns, { rounds });
      const rows = [...results].map(
        ([what, taken]): Row => ({
          what,
          unit: "/s",
          samples: each(taken, ({ perSecond }) => perSecond),
          cpuUs: each(taken, ({ cpu }) => cpu),
          beside: [toxiproxy, goEcho, epoll].map((peer) => named(0, peer)),
          endings: taken.reduce((sum, { count }) => sum + count, 0),
        }),
      );
      const costs = contestants.hangups.flatMap(({ name }) =>
        [1, 10].map((count): Row => {
          const [without = [], subscribed = []] = [results.get(named(0, name)), results.get(named(count, name))];
          const samples = subscribed.map(({ cpu }, round) => (cpu / (without[round]?.cpu ?? Number.NaN) - 1) * 100);
          return { what: `cost of ${subscribersOf(count)}, ${name}`, unit: "% CPU", samples };
        }),
      );
      return [...rows, ...costs];
    });
  },
};

function named(subscribers: number, name: string): string {
  return `${subscribersOf(subscribers)}, ${name}`;
}

function subscribersOf(count: number): string {
  return count === 1 ? "1 subscriber" : `${count} subscribers`;
}
