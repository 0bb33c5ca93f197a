package io.hangup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.Code;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Where the daemon is found, how it is started, and what is said when it is not. */
class FindingTest {
  @TempDir private Path folder;

  @Test
  void theAddressOfTheEnvironmentIsThatOfTheDaemon() throws Exception {
    try (TestDaemon daemon = new TestDaemon("--listen", "127.0.0.1:0");
        Hangup hangup = Hangup.find(Map.of("HANGUP_ADDRESS", daemon.address))) {
      assertEquals(daemon.address, hangup.info().getAddress());
    }
  }

  @Test
  void theAddressMayBeAUnixSocket() throws Exception {
    String address = "unix:" + folder.resolve("hangup.sock");
    try (TestDaemon daemon = new TestDaemon("--listen", address);
        Hangup hangup = Hangup.find(Map.of("HANGUP_ADDRESS", address));
        Fixture fixture = hangup.fixture()) {
      assertEquals(daemon.address, hangup.info().getAddress());
      assertTrue(fixture.listen().port() > 0);
    }
  }

  @Test
  void theTokenIsThatOfTheEnvironmentOrItsFile() throws Exception {
    Path file = Files.writeString(folder.resolve("token"), "a-token-of-sixteen-characters\n");
    try (TestDaemon daemon =
        new TestDaemon("--listen", "127.0.0.1:0", "--token-file", file.toString())) {
      String address = daemon.address;
      assertEquals("TOKEN_MISSING", reasonOf(Map.of("HANGUP_ADDRESS", address)));
      assertEquals(
          "TOKEN_WRONG",
          reasonOf(
              Map.of("HANGUP_ADDRESS", address, "HANGUP_TOKEN", "another-of-sixteen-characters")));
      for (var token :
          List.of(
              Map.entry("HANGUP_TOKEN", "a-token-of-sixteen-characters"),
              Map.entry("HANGUP_TOKEN_FILE", file.toString()))) {
        try (Hangup hangup =
            Hangup.find(Map.of("HANGUP_ADDRESS", address, token.getKey(), token.getValue()))) {
          assertEquals(address, hangup.info().getAddress());
        }
      }
    }
  }

  @Test
  void anAddressWithoutADaemonIsNamed() throws Exception {
    int free;
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      free = server.getLocalPort();
    }
    try (Hangup hangup = Hangup.connect("127.0.0.1:" + free)) {
      var error = assertThrows(HangupException.class, hangup::fixture);
      assertEquals(Code.UNAVAILABLE, error.code());
      assertEquals("DAEMON_GONE", error.reason());
      assertTrue(error.getMessage().contains("127.0.0.1:" + free), error.getMessage());
    }
  }

  @Test
  void aServerThatIsNoDaemonIsNamedToo() throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.start();
    try (Hangup hangup = Hangup.connect("127.0.0.1:" + server.getAddress().getPort())) {
      for (Executable call : List.<Executable>of(hangup::fixture, hangup::info)) {
        var error = assertThrows(HangupException.class, call);
        assertEquals(Code.UNAVAILABLE, error.code());
        assertEquals("DAEMON_GONE", error.reason());
        assertTrue(error.getMessage().contains(hangup.address()), error.getMessage());
      }
    } finally {
      server.stop(0);
    }
  }

  @Test
  void whatIsNoTokenIsSaidAtOnceAndNotQuoted() throws Exception {
    Path blank = Files.writeString(folder.resolve("blank"), "secret secret\n");
    Path empty = Files.writeString(folder.resolve("empty"), " \n");
    for (var setting :
        List.of(
            Map.entry("HANGUP_TOKEN", "secret secret"),
            Map.entry("HANGUP_TOKEN", "secret\nsecret"),
            Map.entry("HANGUP_TOKEN", "sécret"),
            Map.entry("HANGUP_TOKEN_FILE", blank.toString()),
            Map.entry("HANGUP_TOKEN_FILE", empty.toString()),
            Map.entry("HANGUP_TOKEN_FILE", folder.toString()),
            Map.entry("HANGUP_TOKEN_FILE", folder.resolve("none").toString()))) {
      var environment =
          Map.of("HANGUP_ADDRESS", "127.0.0.1:4264", setting.getKey(), setting.getValue());
      var error = assertThrows(HangupException.class, () -> Hangup.find(environment).close());
      assertEquals(Code.INVALID_ARGUMENT, error.code());
      assertEquals("INVALID_SETTING", error.reason());
      assertTrue(error.getMessage().contains(setting.getKey()), error.getMessage());
      assertFalse(error.getMessage().contains("cret"), error.getMessage());
    }
    var error =
        assertThrows(
            HangupException.class, () -> Hangup.connect("127.0.0.1:4264", "to ken").close());
    assertEquals("INVALID_SETTING", error.reason());
    Hangup.find(Map.of("HANGUP_ADDRESS", "127.0.0.1:4264", "HANGUP_TOKEN", " \n")).close();
  }

  @Test
  void whatIsNoAddressIsSaidWithWhatToDo() {
    for (String address :
        List.of(
            "foo bar",
            "localhost",
            "127.0.0.1",
            "127.0.0.1:",
            "127.0.0.1:x",
            "127.0.0.1:0",
            "127.0.0.1:99999",
            ":4264",
            "http://127.0.0.1:4264",
            "unix:",
            "unix:path")) {
      var error =
          assertThrows(
              HangupException.class, () -> Hangup.find(Map.of("HANGUP_ADDRESS", address)).close());
      assertEquals(Code.INVALID_ARGUMENT, error.code());
      assertEquals("INVALID_SETTING", error.reason());
      for (String word : List.of("\"" + address + "\"", "HANGUP_ADDRESS", "127.0.0.1:4264")) {
        assertTrue(error.getMessage().contains(word), error.getMessage());
      }
    }
    Hangup.connect("[::1]:4264").close();
    Hangup.connect("localhost:4264").close();
  }

  @Test
  void anInterruptedCallerSpoilsItForNoOther() throws Exception {
    Path started = folder.resolve("started");
    Path goOn = folder.resolve("go-on");
    Path command =
        script(
            "touch " + started,
            "while [ ! -e " + goOn + " ]; do sleep 0.01; done",
            "exec " + TestDaemon.COMMAND + " \"$@\"");
    var shared = new Hangup.Shared(Map.of("HANGUP_COMMAND", command.toString()));
    var error = new CompletableFuture<HangupException>();
    var stillInterrupted = new CompletableFuture<Boolean>();
    Thread caller =
        new Thread(
            () -> {
              error.complete(assertThrows(HangupException.class, shared::get));
              stillInterrupted.complete(Thread.currentThread().isInterrupted());
            });
    caller.start();
    await(() -> Files.exists(started));
    caller.interrupt();
    assertEquals(Code.CANCELLED, error.get(30, TimeUnit.SECONDS).code());
    assertTrue(stillInterrupted.get(30, TimeUnit.SECONDS));
    Files.createFile(goOn);
    try (Hangup hangup = shared.get()) {
      assertSame(hangup, shared.get());
      assertEquals(hangup.address(), hangup.info().getAddress());
    }
  }

  @Test
  void whereItFailedItIsNotTriedAgain() throws Exception {
    Path starts = folder.resolve("starts");
    Path command = script("echo start >>" + starts, "exit 3");
    var shared = new Hangup.Shared(Map.of("HANGUP_COMMAND", command.toString()));
    for (int call = 1; call <= 2; call++) {
      var error = assertThrows(HangupException.class, shared::get);
      assertEquals(Code.UNAVAILABLE, error.code());
      assertEquals("DAEMON_NOT_STARTED", error.reason());
      assertTrue(error.getMessage().contains("ended with 3"), error.getMessage());
      assertTrue(error.getMessage().contains("tried once"), error.getMessage());
    }
    assertEquals(List.of("start"), Files.readAllLines(starts));
  }

  @Test
  void aFailedStartLeavesNoDaemonBehindAWrapper() throws Exception {
    Path pid = folder.resolve("pid");
    Path inner =
        script("echo $$ >" + pid, "echo nonsense", "exec " + TestDaemon.COMMAND + " \"$@\"");
    Path outer = script(inner + " \"$@\"", "exit");
    var error =
        assertThrows(
            HangupException.class, () -> Hangup.start(Map.of("HANGUP_COMMAND", outer.toString())));
    assertTrue(error.getMessage().contains("nonsense"), error.getMessage());
    long daemon = Long.parseLong(Files.readString(pid).trim());
    try {
      await(() -> !ProcessEndTest.isRunning(daemon));
    } finally {
      ProcessHandle.of(daemon).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void theCommandOfTheEnvironmentIsStartedAndEndsWithClose() throws Exception {
    Hangup hangup = Hangup.find(Map.of("HANGUP_COMMAND", TestDaemon.COMMAND));
    ProcessHandle daemon = ProcessHandle.of(hangup.info().getPid()).orElseThrow();
    hangup.close();
    daemon.onExit().get(10, TimeUnit.SECONDS);
  }

  @Test
  void theDaemonOfTheProcessIsStartedOnce() {
    Hangup shared = Hangup.shared();
    String uid = shared.info().getUid();
    shared.close();
    assertSame(shared, Hangup.shared());
    assertEquals(uid, Hangup.shared().info().getUid());
    try (Hangup own = Hangup.start()) {
      assertNotEquals(uid, own.info().getUid());
    }
  }

  @Test
  void theCommandIsLookedForInThisOrder() throws IOException {
    Path project = Files.createDirectories(folder.resolve("project"));
    Path below = Files.createDirectories(project.resolve("src/test"));
    Path bin = Files.createDirectories(folder.resolve("bin"));

    Path checkout = Files.createFile(bin.resolve("hangup.cjs"));
    Map<String, String> environment = Map.of("PATH", "/nowhere:" + bin);
    assertEquals(
        List.of("node", checkout.toString()), DaemonProcess.commandLine(environment, below));

    Path installed = executable(project.resolve("node_modules/.bin/hangup"));
    assertEquals(List.of(installed.toString()), DaemonProcess.commandLine(environment, below));

    Path onPath = executable(bin.resolve("hangup"));
    assertEquals(List.of(onPath.toString()), DaemonProcess.commandLine(environment, below));

    environment = Map.of("PATH", bin.toString(), "HANGUP_COMMAND", " npx  hangup ");
    assertEquals(List.of("npx", "hangup"), DaemonProcess.commandLine(environment, below));
  }

  @Test
  void whereNoneIsFoundItIsSaidWhatToDo() {
    var error =
        assertThrows(
            HangupException.class,
            () -> DaemonProcess.commandLine(Map.of("PATH", "/nowhere"), folder));
    assertEquals(Code.NOT_FOUND, error.code());
    assertEquals("DAEMON_NOT_FOUND", error.reason());
    for (String way : List.of("HANGUP_ADDRESS", "HANGUP_COMMAND", "PATH", "npm install hangup")) {
      assertTrue(error.getMessage().contains(way), error.getMessage());
    }
  }

  @Test
  void whatACommandSaysThatFailsIsShown() throws IOException {
    Path command = executable(folder.resolve("failing"));
    Files.writeString(command, "#!/bin/sh\necho 'no such luck' >&2\nexit 3\n");
    var error =
        assertThrows(
            HangupException.class,
            () -> Hangup.start(Map.of("HANGUP_COMMAND", command.toString())));
    assertTrue(error.getMessage().contains("ended with 3"), error.getMessage());
    assertTrue(error.getMessage().contains("no such luck"), error.getMessage());

    error =
        assertThrows(
            HangupException.class, () -> Hangup.start(Map.of("HANGUP_COMMAND", "/nowhere/hangup")));
    assertTrue(error.getMessage().contains("/nowhere/hangup"), error.getMessage());

    error =
        assertThrows(HangupException.class, () -> Hangup.start(Map.of("HANGUP_COMMAND", "echo")));
    assertTrue(error.getMessage().contains("not that of a hangup daemon"), error.getMessage());
  }

  @Test
  void aDaemonThatIsGoneSaysHowItEnded() throws Exception {
    try (Hangup hangup = Hangup.start(Map.of("HANGUP_COMMAND", TestDaemon.COMMAND))) {
      ProcessHandle daemon = ProcessHandle.of(hangup.info().getPid()).orElseThrow();
      daemon.destroyForcibly();
      daemon.onExit().get(10, TimeUnit.SECONDS);
      var error = assertThrows(HangupException.class, hangup::info);
      assertEquals(Code.UNAVAILABLE, error.code());
      assertTrue(error.getMessage().contains("ended with 137"), error.getMessage());
      assertEquals("DAEMON_GONE", error.reason());
    }
  }

  private static String reasonOf(Map<String, String> environment) {
    try (Hangup hangup = Hangup.find(environment)) {
      var error = assertThrows(HangupException.class, hangup::info);
      assertEquals(Code.UNAUTHENTICATED, error.code());
      return error.reason();
    }
  }

  private static void await(Callable<Boolean> event) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!event.call()) {
      assertTrue(System.nanoTime() < deadline, "not within 10 s");
      LockSupport.parkNanos(1_000_000);
    }
  }

  private Path script(String... lines) throws IOException {
    Path command = executable(Files.createTempDirectory(folder, "bin").resolve("script"));
    return Files.writeString(command, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
  }

  private static Path executable(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    Files.createFile(file);
    assertTrue(file.toFile().setExecutable(true));
    return file;
  }
}
