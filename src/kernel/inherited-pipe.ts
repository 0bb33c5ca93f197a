import { Socket } from "node:net";

/** Our end of the pipe that the process that started us left open at a descriptor; both ways. */
export function inheritedPipe(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: true });
}
