package io.hangup;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A daemon that a test starts with options of its own. */
final class TestDaemon implements AutoCloseable {
  /** The command of this checkout. */
  static final String COMMAND =
      "node " + Path.of("../../bin/hangup.cjs").toAbsolutePath().normalize();

  final String address;
  private final Process process;

  TestDaemon(String... options) throws IOException {
    List<String> line = new ArrayList<>(List.of(COMMAND.split(" ")));
    line.addAll(List.of("serve", "--exit-with-stdin"));
    line.addAll(List.of(options));
    process = new ProcessBuilder(line).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String ready =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))
            .readLine();
    if (ready == null) {
      throw new IOException("no ready line");
    }
    address = ready.replaceAll(".*\"address\":\"([^\"]+)\".*", "$1");
  }

  /** Ends it, and waits until it has. */
  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    try {
      process.waitFor();
    } catch (InterruptedException interrupted) {
      throw new IOException(interrupted);
    }
  }
}
