package io.hangup;

import com.google.rpc.Code;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.hangup.v1.DaemonServiceGrpc;
import io.hangup.v1.GetInfoRequest;
import io.hangup.v1.GetInfoResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A daemon, that accepts, dials and ends connections.
 *
 * <p>Safe for any number of threads, as is all that comes from it but {@link Events}.
 */
public final class Hangup implements AutoCloseable {
  /** How long whatever waits does so, where nothing else is asked: 5 s. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);

  private static final Pattern HOST_AND_PORT =
      Pattern.compile("(?:[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\]):([0-9]{1,5})");

  /** What a header carries as it is. */
  private static final Pattern TOKEN = Pattern.compile("[\\x21-\\x7e]+");

  private static final int MAX_MESSAGE_BYTES = 64 << 20;

  // grpc-java asks for SO_KEEPALIVE on unix sockets too, and Netty warns of it at each connection.
  private static final Logger NETTY_BOOTSTRAP =
      Logger.getLogger("io.grpc.netty.shaded.io.netty.bootstrap");

  private static final Shared SHARED = new Shared(System.getenv());

  private final ManagedChannel channel;
  private final Calls calls;
  private final String address;
  private final DaemonProcess process;

  private Hangup(
      String address, String token, DaemonProcess process, Supplier<String> whyUnavailable) {
    this.address = address;
    this.process = process;
    ManagedChannelBuilder<?> builder =
        Grpc.newChannelBuilder(targetOf(address), InsecureChannelCredentials.create())
            // What is called back here never blocks: it hands over to who waits.
            .directExecutor()
            .proxyDetector(target -> null)
            .maxInboundMessageSize(MAX_MESSAGE_BYTES);
    if (address.startsWith("unix:")) {
      // A path is no host: the HTTP/2 of Node refuses it.
      builder.overrideAuthority("localhost");
      NETTY_BOOTSTRAP.setLevel(Level.SEVERE);
    }
    if (!token.isEmpty()) {
      Metadata headers = new Metadata();
      headers.put(
          Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
      builder.intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
    }
    channel = builder.build();
    calls = new Calls(channel, whyUnavailable);
  }

  /** What gRPC connects to; checked, as gRPC takes a port such as 99999, and then never answers. */
  private static String targetOf(String address) {
    if (address.matches("unix:/.+")) {
      return address;
    }
    Matcher parts = HOST_AND_PORT.matcher(address);
    int port = parts.matches() ? Integer.parseInt(parts.group(1)) : 0;
    if (port < 1 || port > 65535) {
      throw new HangupException(
          Code.INVALID_ARGUMENT,
          "INVALID_SETTING",
          "\""
              + address
              + "\" is no address of a daemon: set HANGUP_ADDRESS, or call connect, with host:port,"
              + " such as 127.0.0.1:4264, or with unix:/path");
    }
    // It is the path of a URI.
    return "dns:///" + address.replace("[", "%5B").replace("]", "%5D");
  }

  /**
   * The daemon that all tests of this process share: the one at {@code HANGUP_ADDRESS}, else one
   * that is started here, once, and ends with this process however that ends.
   *
   * @return always the same one; to close it does nothing
   * @throws HangupException NOT_FOUND, when none is found; UNAVAILABLE, when it does not start;
   *     INVALID_ARGUMENT, when {@code HANGUP_ADDRESS} is no address, or the token there is none;
   *     all say what to do. CANCELLED, when the thread is interrupted while it starts, which ends
   *     this wait alone
   */
  public static Hangup shared() {
    return SHARED.get();
  }

  /**
   * Starts a daemon of one's own, found as {@link #shared()} finds it, {@code HANGUP_ADDRESS}
   * aside.
   *
   * @return the daemon; it ends by {@link #close()}, or with this process
   * @throws HangupException NOT_FOUND, when none is found; UNAVAILABLE, when it does not start;
   *     both say what to do
   */
  public static Hangup start() {
    return start(System.getenv());
  }

  /**
   * The daemon at an address.
   *
   * @param address {@code 127.0.0.1:4264} or {@code unix:/path}
   * @return the daemon; whether it can be reached shows at the first call
   * @throws HangupException INVALID_ARGUMENT, when that is no address
   */
  public static Hangup connect(String address) {
    return connect(address, "");
  }

  /**
   * The daemon at an address, which wants a token.
   *
   * @param address {@code 127.0.0.1:4264} or {@code unix:/path}
   * @param token the token; empty: none
   * @return the daemon; whether it can be reached shows at the first call
   * @throws HangupException INVALID_ARGUMENT, when that is no address, or no token
   */
  public static Hangup connect(String address, String token) {
    if (!token.isEmpty()) {
      checkToken("the token", token);
    }
    return new Hangup(
        Objects.requireNonNull(address, "address"),
        token,
        null,
        () -> "is there a daemon at " + address + "?");
  }

  static Hangup start(Map<String, String> environment) {
    DaemonProcess process = DaemonProcess.start(environment, Path.of(""));
    return new Hangup(process.address(), "", process, process::obituary);
  }

  static Hangup find(Map<String, String> environment) {
    String address = environment.getOrDefault("HANGUP_ADDRESS", "").trim();
    return address.isEmpty() ? start(environment) : connect(address, tokenIn(environment));
  }

  private static String tokenIn(Map<String, String> environment) {
    String file = environment.getOrDefault("HANGUP_TOKEN_FILE", "").trim();
    if (file.isEmpty()) {
      String token = environment.getOrDefault("HANGUP_TOKEN", "").trim();
      return token.isEmpty() ? "" : checkToken("HANGUP_TOKEN", token);
    }
    try {
      return checkToken("HANGUP_TOKEN_FILE", Files.readString(Path.of(file)).trim());
    } catch (IOException | InvalidPathException error) {
      throw new HangupException(
          Code.INVALID_ARGUMENT,
          "INVALID_SETTING",
          "HANGUP_TOKEN_FILE cannot be read: " + error,
          error);
    }
  }

  /** Never quoted. */
  private static String checkToken(String from, String token) {
    if (!TOKEN.matcher(token).matches()) {
      throw new HangupException(
          Code.INVALID_ARGUMENT,
          "INVALID_SETTING",
          from + ": a token is one word of ASCII characters, without blanks");
    }
    return token;
  }

  /**
   * A new fixture, in a scope of its own.
   *
   * @return the fixture, to be closed
   */
  public Fixture fixture() {
    return fixture("java");
  }

  /**
   * A new fixture, in a scope of its own.
   *
   * @param name what its name begins with, such as that of the test; it shows in the daemon's lists
   *     and logs
   * @return the fixture, to be closed
   */
  public Fixture fixture(String name) {
    return Fixture.hold(this, name);
  }

  /**
   * Where it is.
   *
   * @return {@code 127.0.0.1:4264} or {@code unix:/path}
   */
  public String address() {
    return address;
  }

  /**
   * What it is, and what it can do on this machine.
   *
   * @return the answer of GetInfo
   */
  public GetInfoResponse info() {
    return calls.call(DaemonServiceGrpc.getGetInfoMethod(), GetInfoRequest.getDefaultInstance());
  }

  /** Ends the connection to it, and the daemon if it was started by {@link #start()}. */
  @Override
  public void close() {
    if (this == SHARED.instance) {
      return;
    }
    channel.shutdownNow();
    try {
      channel.awaitTermination(DEFAULT_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    if (process != null) {
      process.close();
    }
  }

  Calls calls() {
    return calls;
  }

  /**
   * Tried once: where it failed it would fail for each of the tests, and take its time each time.
   * On a thread of its own: one caller that is interrupted, as by a timeout of its test, spoils it
   * for no other.
   */
  static final class Shared {
    private final Map<String, String> environment;
    private CompletableFuture<Hangup> found;
    private volatile Hangup instance;

    Shared(Map<String, String> environment) {
      this.environment = environment;
    }

    Hangup get() {
      // An interrupted thread gets it all the same, once it is there.
      Hangup there = instance;
      if (there != null) {
        return there;
      }
      try {
        return found().get();
      } catch (ExecutionException error) {
        if (error.getCause() instanceof HangupException failure) {
          throw failure.with("tried once for this process");
        }
        throw new IllegalStateException(error.getCause());
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        throw new HangupException(
            Code.CANCELLED, "", "interrupted while the daemon starts", interrupted);
      }
    }

    private synchronized CompletableFuture<Hangup> found() {
      if (found == null) {
        CompletableFuture<Hangup> finding = new CompletableFuture<>();
        Thread thread =
            new Thread(
                () -> {
                  try {
                    instance = find(environment);
                    finding.complete(instance);
                  } catch (Throwable error) {
                    finding.completeExceptionally(error);
                  }
                },
                "hangup-find");
        thread.setDaemon(true);
        thread.start();
        found = finding;
      }
      return found;
    }
  }
}
