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
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A daemon, that accepts, dials and ends connections.
 *
 * <p>Safe for any number of threads, as is all that comes from it but {@link Events}.
 */
public final class Hangup implements AutoCloseable {
  /** How long whatever waits does so, where nothing else is asked: 5 s. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);

  private static final int MAX_MESSAGE_BYTES = 64 << 20;

  // grpc-java asks for SO_KEEPALIVE on unix sockets too, and Netty warns of it at each connection.
  private static final Logger NETTY_BOOTSTRAP =
      Logger.getLogger("io.grpc.netty.shaded.io.netty.bootstrap");

  private final ManagedChannel channel;
  private final Calls calls;
  private final String address;
  private final DaemonProcess process;

  private Hangup(
      String address, String token, DaemonProcess process, Supplier<String> whyUnavailable) {
    this.address = address;
    this.process = process;
    ManagedChannelBuilder<?> builder =
        Grpc.newChannelBuilder(
                address.startsWith("unix:") ? address : "dns:///" + address,
                InsecureChannelCredentials.create())
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

  /**
   * The daemon that all tests of this process share: the one at {@code HANGUP_ADDRESS}, else one
   * that is started here, once, and ends with this process however that ends.
   *
   * @return always the same one; to close it does nothing
   * @throws HangupException UNAVAILABLE, when none is found or it does not start; says what to do
   */
  public static Hangup shared() {
    return Shared.get();
  }

  /**
   * Starts a daemon of one's own, found as {@link #shared()} finds it, {@code HANGUP_ADDRESS}
   * aside.
   *
   * @return the daemon; it ends by {@link #close()}, or with this process
   * @throws HangupException UNAVAILABLE, when none is found or it does not start; says what to do
   */
  public static Hangup start() {
    return start(System.getenv());
  }

  /**
   * The daemon at an address.
   *
   * @param address {@code 127.0.0.1:4264} or {@code unix:/path}
   * @return the daemon; whether it can be reached shows at the first call
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
   */
  public static Hangup connect(String address, String token) {
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
      return environment.getOrDefault("HANGUP_TOKEN", "").trim();
    }
    try {
      return Files.readString(Path.of(file)).trim();
    } catch (IOException error) {
      throw new HangupException(
          Code.UNAUTHENTICATED, "", "HANGUP_TOKEN_FILE cannot be read: " + error, error);
    }
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
    if (this == Shared.instance) {
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
   */
  private static final class Shared {
    private static Hangup instance;
    private static HangupException failure;

    private static synchronized Hangup get() {
      if (failure != null) {
        throw failure.with("tried once for this process");
      }
      if (instance == null) {
        try {
          instance = find(System.getenv());
        } catch (HangupException error) {
          failure = error;
          throw error;
        }
      }
      return instance;
    }
  }
}
