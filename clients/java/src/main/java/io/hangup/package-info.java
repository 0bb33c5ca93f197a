/**
 * Ends TCP connections exactly as a test asks: by FIN, by RST, or not at all.
 *
 * <p>{@link io.hangup.Hangup} is the daemon, {@link io.hangup.Fixture} what one test holds of it.
 * With JUnit see {@link io.hangup.junit.HangupExtension}. The messages of the daemon's contract are
 * in {@code io.hangup.v1}.
 */
package io.hangup;
