import { type Behaviour, readOn } from "./behaviour.js";

/** Reads nothing: what the peer sends stays in the kernel, until its window is full. */
export const silent: Behaviour = {
  ...readOn,
  onBegin: (session) => session.holdReading("silent"),
  onEnd: (session) => session.unholdReading("silent"),
};
