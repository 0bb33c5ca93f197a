import { type Errno, errnoName } from "./errno.js";
import { loadFfi } from "./ffi.js";
import { type TcpState, tcpStateOf } from "./tcp-state.js";

// System calls on the descriptor of a connection. A descriptor number is good for the tick in which it was read from
// the socket and no longer: after that it may be somebody else's.

const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_LINGER = 13;
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
const TCP_CORK = 3;
const TCP_QUICKACK = 12;
const TCP_MAXSEG = 2;
const MSG_OOB = 0x1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;
const SIOCINQ = 0x541b;
const SIOCOUTQ = 0x5411;

/** tcpi_state is the first byte of struct tcp_info; 8 bytes are enough to hold it. */
const tcpInfo = Buffer.alloc(8);
const int = Buffer.alloc(4);
const length = Buffer.alloc(4);
/** struct linger { l_onoff = 1, l_linger = 0 }: the only linger ever set. A positive one would block the event loop. */
const lingerZero = Buffer.alloc(8);
lingerZero.writeInt32LE(1, 0);
const noLinger = Buffer.alloc(8);

function ffi() {
  const load = loadFfi();
  return load.available ? load.ffi : undefined;
}

/** The state of a TCP connection by TCP_INFO; UNKNOWN where it cannot be asked. TIME_WAIT reads as CLOSED here. */
export function tcpState(fd: number): TcpState {
  length.writeUInt32LE(tcpInfo.length);
  const rc = ffi()?.getsockopt(fd, IPPROTO_TCP, TCP_INFO, tcpInfo, length) ?? -1;
  return rc < 0 ? "UNKNOWN" : tcpStateOf(tcpInfo.readUInt8(0));
}

/** Takes the pending error of a socket (SO_ERROR, which reading clears); undefined when there is none. */
export function takeSocketError(fd: number): Errno | undefined {
  length.writeUInt32LE(int.length);
  const rc = ffi()?.getsockopt(fd, SOL_SOCKET, SO_ERROR, int, length) ?? -1;
  const errno = rc < 0 ? 0 : int.readInt32LE();
  return errno === 0 ? undefined : errnoName(errno);
}

/** Bytes that the peer sent and nobody read (SIOCINQ, tcp(7)); 0 where it cannot be asked. */
export function unreadInKernel(fd: number): number {
  return ioctlInt(fd, SIOCINQ);
}

/**
 * Bytes of ours that the peer's kernel has not acknowledged (SIOCOUTQ, tcp(7)); 0 where it cannot be asked. A FIN
 * not acknowledged counts as one.
 */
export function unacknowledgedInKernel(fd: number): number {
  return ioctlInt(fd, SIOCOUTQ);
}

function ioctlInt(fd: number, request: number): number {
  const rc = ffi()?.ioctl(fd, request, int) ?? -1;
  return rc < 0 ? 0 : int.readInt32LE();
}

/** Makes the next close(2) of this descriptor send RST instead of FIN (socket(7)). Returns 0 or minus the errno. */
export function setLingerZero(fd: number): number {
  return ffi()?.setsockopt(fd, SOL_SOCKET, SO_LINGER, lingerZero, lingerZero.length) ?? -1;
}

/** Makes the next close(2) an ordinary one again. Returns 0 or minus the errno. */
export function clearLinger(fd: number): number {
  return ffi()?.setsockopt(fd, SOL_SOCKET, SO_LINGER, noLinger, noLinger.length) ?? -1;
}

/** Sends FIN after what the kernel has been given (shutdown(2)). Returns 0 or minus the errno. */
export function shutdownWrite(fd: number): number {
  return ffi()?.shutdown(fd, SHUT_WR) ?? -1;
}

/** The largest segment that the connection sends now (TCP_MAXSEG, tcp(7)); 0 where it cannot be asked. */
export function segmentBytes(fd: number): number {
  length.writeUInt32LE(int.length);
  const rc = ffi()?.getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, int, length) ?? -1;
  return rc < 0 ? 0 : int.readInt32LE();
}

/** Holds back segments that are not full until it is let go, or a FIN (TCP_CORK, tcp(7)). */
export function cork(fd: number, hold: boolean): number {
  return setInt(fd, IPPROTO_TCP, TCP_CORK, hold ? 1 : 0);
}

/**
 * Sends an acknowledgement that waits for company, now (TCP_QUICKACK, tcp(7)): what is not acknowledged is sent again,
 * also to a socket that is gone by then.
 */
export function acknowledgeNow(fd: number): number {
  return setInt(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
}

/** Hands bytes to the kernel without waiting. Returns how many it took, or minus the errno. */
export function sendNow(fd: number, data: Buffer): number {
  return ffi()?.send(fd, data, data.length, MSG_DONTWAIT | MSG_NOSIGNAL) ?? -1;
}

/** The same, with the last byte urgent (MSG_OOB, RFC 9293, section 3.8.5). */
export function sendUrgentNow(fd: number, data: Buffer): number {
  return ffi()?.send(fd, data, data.length, MSG_OOB | MSG_DONTWAIT | MSG_NOSIGNAL) ?? -1;
}

/** Sets an option that is an int. Returns 0 or minus the errno. */
export function setInt(fd: number, level: number, option: number, value: number): number {
  int.writeInt32LE(value);
  return ffi()?.setsockopt(fd, level, option, int, int.length) ?? -1;
}
