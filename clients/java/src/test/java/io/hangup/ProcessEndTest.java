package io.hangup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** A test process that is gone, however, leaves no daemon, listener or session. */
class ProcessEndTest {
  /** Where the machine is not busy it takes 2 s at most. */
  private static final long GONE_WITHIN_MS = 10_000;

  @Test
  void afterSigkillNothingIsLeft() throws Exception {
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin/java").toString(),
                    "-cp",
                    System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path")),
                    Holder.class.getName()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    long daemon = Long.parseLong(lines.readLine());
    int port = Integer.parseInt(lines.readLine());
    try (Socket connection = new Socket("127.0.0.1", port)) {
      connection.getOutputStream().write(7);
      assertEquals(7, connection.getInputStream().read());
      assertTrue(isRunning(daemon));

      process.destroyForcibly();
      assertEquals(128 + 9, process.waitFor());
      long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(GONE_WITHIN_MS);

      connection.setSoTimeout((int) GONE_WITHIN_MS);
      try {
        assertEquals(-1, connection.getInputStream().read());
      } catch (SocketException reset) {
        assertEquals("Connection reset", reset.getMessage());
      }
      while (isRunning(daemon)) {
        assertTrue(System.nanoTime() < deadline, "the daemon still runs");
        LockSupport.parkNanos(1_000_000);
      }
      assertThrows(ConnectException.class, () -> new Socket("127.0.0.1", port).close());
    } finally {
      process.destroyForcibly();
      ProcessHandle.of(daemon).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  /** A process that has ended and that nobody has waited for yet runs no more. */
  static boolean isRunning(long pid) throws IOException {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      return !stat.substring(stat.lastIndexOf(')') + 2).startsWith("Z");
    } catch (NoSuchFileException gone) {
      return false;
    } catch (IOException goneWhileRead) {
      if (new File("/proc/" + pid).exists()) {
        throw goneWhileRead;
      }
      return false;
    }
  }

  /** Holds a daemon, a fixture and a listener, and never ends by itself. */
  static final class Holder {
    public static void main(String[] args) throws IOException {
      Fixture fixture = Hangup.shared().fixture("held");
      System.out.println(Hangup.shared().info().getPid());
      System.out.println(fixture.listen().port());
      while (System.in.read() != -1) {
        // It ends when it is told to, by SIGKILL.
      }
    }
  }
}
