// Loaded into a daemon by --require: a bug that comes when it is told to.
process.once("SIGUSR2", () => {
  throw new TypeError("a bug on purpose");
});
process.once("SIGHUP", () => {
  void Promise.reject(new TypeError("a rejection on purpose"));
});
