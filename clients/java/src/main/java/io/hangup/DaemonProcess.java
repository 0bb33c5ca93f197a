package io.hangup;

import com.google.rpc.Code;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A daemon of our own: where its command is found, and how it is started. */
final class DaemonProcess implements AutoCloseable {
  private static final Duration READY_TIMEOUT = Duration.ofSeconds(60);
  private static final Pattern ADDRESS = Pattern.compile("\"address\":\"([^\"]+)\"");
  private static final int LAST_LINES = 50;

  private final List<String> command;
  // It ends with its standard input. We hold the other end: when this process ends, in whatever
  // way, the kernel closes
  // it, so Java need not be able to clean up.
  private final Process process;
  private final Deque<String> lastLines = new ArrayDeque<>();
  private final Thread errorReader;
  private final String address;

  private DaemonProcess(List<String> command) {
    this.command = command;
    List<String> line = new ArrayList<>(command);
    line.addAll(List.of("serve", "--listen", "127.0.0.1:0", "--exit-with-stdin"));
    try {
      process = new ProcessBuilder(line).start();
    } catch (IOException error) {
      throw notStarted(error.getMessage(), error);
    }
    errorReader =
        inBackground("hangup-daemon-stderr", () -> keepLastLines(process.getErrorStream()));
    try {
      address = addressOf(readyLine());
    } catch (RuntimeException error) {
      process.destroyForcibly();
      // Where the command was a wrapper the daemon itself is another process, and ends with this.
      try {
        process.getOutputStream().close();
      } catch (IOException atItsEnd) {
        error.addSuppressed(atItsEnd);
      }
      throw error;
    }
  }

  /** Starts the one that is found from this environment and working directory. */
  static DaemonProcess start(Map<String, String> environment, Path directory) {
    return new DaemonProcess(commandLine(environment, directory));
  }

  /**
   * HANGUP_COMMAND; else hangup on the PATH; else that of the project or checkout that the
   * directory is in.
   */
  static List<String> commandLine(Map<String, String> environment, Path directory) {
    String given = environment.getOrDefault("HANGUP_COMMAND", "").trim();
    if (!given.isEmpty()) {
      return List.of(given.split("\\s+"));
    }
    for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator)) {
      Path onPath = Path.of(folder.isEmpty() ? "." : folder, "hangup");
      if (Files.isRegularFile(onPath) && Files.isExecutable(onPath)) {
        return List.of(onPath.toString());
      }
    }
    for (Path at = directory.toAbsolutePath(); at != null; at = at.getParent()) {
      Path installed = at.resolve("node_modules/.bin/hangup");
      if (Files.isExecutable(installed)) {
        return List.of(installed.toString());
      }
      Path checkout = at.resolve("bin/hangup.cjs");
      if (Files.isRegularFile(checkout)) {
        return List.of("node", checkout.toString());
      }
    }
    throw new HangupException(
        Code.NOT_FOUND,
        "DAEMON_NOT_FOUND",
        "no hangup daemon found: set HANGUP_ADDRESS to that of a running one (`hangup run -- <test command>` does),"
            + " or HANGUP_COMMAND to the command that starts one, or put `hangup` on the PATH, or `npm install hangup`"
            + " in this folder or one above it");
  }

  String address() {
    return address;
  }

  long pid() {
    return process.pid();
  }

  /**
   * How it ended and what it last said; empty while it lives. For when its connection is gone,
   * which is just before.
   */
  String obituary() {
    String how = ended();
    return process.isAlive() ? "" : "the daemon, " + String.join(" ", command) + ", " + how;
  }

  /** Ends it as it ends with us, and waits for that. */
  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private String readyLine() {
    CompletableFuture<String> ready = new CompletableFuture<>();
    inBackground(
        "hangup-daemon-stdout",
        () -> {
          BufferedReader lines = readerOf(process.getInputStream());
          try {
            ready.complete(lines.readLine());
            while (lines.readLine() != null) {
              // Nothing more is said there; read all the same, so that it could never block.
            }
          } catch (IOException ended) {
            ready.complete(null);
          }
        });
    try {
      return ready.get(READY_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException late) {
      throw notStarted("it was not ready within " + READY_TIMEOUT.toSeconds() + " s", late);
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new HangupException(
          Code.CANCELLED, "", "interrupted while the daemon starts", interrupted);
    }
  }

  private String addressOf(String readyLine) {
    if (readyLine == null) {
      throw notStarted(ended(), null);
    }
    Matcher found = ADDRESS.matcher(readyLine);
    if (!found.find()) {
      throw notStarted("its first line is not that of a hangup daemon: " + readyLine, null);
    }
    return found.group(1);
  }

  private String ended() {
    try {
      // Its streams end with it, or shortly before.
      if (process.waitFor(5, TimeUnit.SECONDS)) {
        errorReader.join(1000);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    String how = process.isAlive() ? "closed its output" : "ended with " + process.exitValue();
    String said = said();
    return how + (said.isEmpty() ? ", and said nothing" : ", and said:\n" + said);
  }

  private String said() {
    synchronized (lastLines) {
      return String.join("\n", lastLines);
    }
  }

  private void keepLastLines(InputStream stream) {
    try (BufferedReader lines = readerOf(stream)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        synchronized (lastLines) {
          if (lastLines.size() == LAST_LINES) {
            lastLines.removeFirst();
          }
          lastLines.add(line);
        }
      }
    } catch (IOException ended) {
      // With the process.
    }
  }

  private HangupException notStarted(String why, Throwable cause) {
    return new HangupException(
        Code.UNAVAILABLE,
        "DAEMON_NOT_STARTED",
        "the daemon was not started by `"
            + String.join(" ", command)
            + " serve --listen 127.0.0.1:0 --exit-with-stdin`: "
            + why,
        cause);
  }

  private static BufferedReader readerOf(InputStream stream) {
    return new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
  }

  private static Thread inBackground(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
