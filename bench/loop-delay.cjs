// Loaded into a daemon that is measured: on SIGUSR2 it tells on stdout how long the longest turn of the event loop was
// since the last time. The histogram's own timer is due every ms, which is no turn.
const { monitorEventLoopDelay } = require("node:perf_hooks");

const resolutionMs = 1;
const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
histogram.enable();
process.on("SIGUSR2", () => {
  console.log(JSON.stringify({ longestTurnMs: Math.max(0, histogram.max / 1e6 - resolutionMs) }));
  histogram.reset();
});
