/** How `hangup serve` ends, for its help and its manual. */
export const serveExitCodes: readonly (readonly [code: string, when: string])[] = [
  ["0", "it ended in order: a signal, Shutdown, --exit-with-stdin, --idle-timeout"],
  ["1", "it could not start: the address, the fixture, a file; one line on stderr says why"],
  ["2", "wrong usage"],
  ["70", "a bug: an error that nobody caught, logged with a stack"],
  ["128 + N", "a second signal, number N, came before it had ended: 130 for SIGINT, 143 for SIGTERM"],
];
