import type { Measure } from "./measure.js";
import { actions } from "./measures/actions.js";
import { churn } from "./measures/churn.js";
import { commandLatency } from "./measures/command-latency.js";
import { cycles } from "./measures/cycles.js";
import { events } from "./measures/events.js";
import { massReset } from "./measures/mass-reset.js";
import { memory } from "./measures/memory.js";
import { profile } from "./measures/profile.js";
import { pythonCycles } from "./measures/python-cycles.js";
import { startUp } from "./measures/start-up.js";
import { throughput } from "./measures/throughput.js";

/** All there are, in the order in which they are run. */
export const measures: readonly Measure[] = [
  cycles,
  commandLatency,
  pythonCycles,
  startUp,
  throughput,
  memory,
  massReset,
  churn,
  events,
  actions,
  profile,
];
