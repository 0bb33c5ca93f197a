/** What `hangup --help` says after the list of verbs. */
export const lesson = `
A first round, by hand:
  hangup serve &                      the daemon, on 127.0.0.1:4264
  addr=$(hangup listen echo)          an echo listener on a free port: 127.0.0.1:41234
  nc 127.0.0.1 \${addr##*:}            a client connects and types; what it types comes back
  hangup sessions                     its connection is session echo/1
  hangup reset echo/1                 RST: the client's next call gives ECONNRESET
  hangup watch --after-sequence 0     what happened, as numbered events

What the peer sees:
  hangup close echo/1                 FIN: it reads EOF
  hangup half-close echo/1            FIN: it reads EOF, and what it still sends is received
  hangup reset echo/1                 RST: it gets ECONNRESET; what was still unsent never comes
  hangup vanish echo/1                nothing: it learns of it when it sends
  hangup reset echo/1 echo/2          several at once; --listener echo: all of its sessions; --all: all
  hangup update echo --state refusing connect gives it ECONNREFUSED, until --state listening

Instead of sleeping:
  hangup wait --peer-port $port       the session of the client with that local port: its name
  hangup wait echo/1 --condition peer-fin

In a test run:
  hangup run -- npm test              a daemon of its own, its address in HANGUP_ADDRESS

Environment:
  HANGUP_ADDRESS                      where the daemon is, as --address says

Exit codes:
  0 done   1 it failed: one line on stderr, "hangup: message (REASON)"   2 wrong usage
  hangup run: the command's own; 128 + N when signal N ended it; 126 not executable; 127 not found
`;
