/**
 * Resolves when the event loop has polled once more from beginning to end. A connection whose handshake was complete when
 * this was called is accepted by then: libuv accepts until a listener's queue is empty.
 */
export async function pollPhase(): Promise<void> {
  // The poll that is under way may have begun before the connection was there.
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
