package io.hangup;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.hangup.v1.Action;
import io.hangup.v1.End;
import io.hangup.v1.Receipt;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/**
 * Runs the scenarios with java.net.Socket and java.net.http.HttpClient, and prints what they see.
 */
final class Conformance {
  private static final int TIMEOUT_MS = 5000;

  // What strerror says, and the JDK where it speaks for itself.
  private static final Map<String, String> ERRNO_BY_MESSAGE =
      Map.of(
          "connection reset", "ECONNRESET",
          "broken pipe", "EPIPE",
          "connection refused", "ECONNREFUSED");

  private final Fixture fixture;
  private Listener listener;
  private ServerSocket server;
  private Socket socket;
  private Session session;

  private Conformance(Fixture fixture) {
    this.fixture = fixture;
  }

  /** The outcome of a step, and what the language says. */
  private record Seen(String outcome, String saw) {}

  private interface Step {
    Seen run() throws Exception;
  }

  public static void main(String[] args) throws IOException {
    JsonArray scenarios =
        JsonParser.parseString(Files.readString(Path.of(args[0]))).getAsJsonArray();
    JsonObject who = new JsonObject();
    who.addProperty("language", "java");
    who.addProperty("version", version());
    who.addProperty("sockets", "java.net.Socket");
    who.addProperty("http", "java.net.http.HttpClient");
    System.out.println(new Gson().toJson(who));
    for (JsonElement scenario : scenarios) {
      System.out.println(new Gson().toJson(run(scenario.getAsJsonObject())));
    }
  }

  static String version() {
    return System.getProperty("java.vm.name").split(" ")[0]
        + " "
        + System.getProperty("java.version");
  }

  private static JsonObject run(JsonObject scenario) throws IOException {
    JsonObject result = new JsonObject();
    result.add("scenario", scenario.get("name"));
    JsonArray reported = new JsonArray();
    result.add("steps", reported);
    // Whether each fault happened is what the expected outcomes say.
    try (Fixture fixture = Hangup.shared().fixture("conformance").allowNeverFired()) {
      Conformance conformance = new Conformance(fixture);
      if (scenario.has("listener")) {
        conformance.listener =
            fixture.listen(request -> merge(scenario.getAsJsonObject("listener"), request));
      }
      for (JsonElement element : scenario.getAsJsonArray("steps")) {
        JsonObject step = element.getAsJsonObject();
        String name = step.keySet().stream().filter(key -> !key.equals("expect")).findFirst().get();
        Seen seen = seenBy(() -> conformance.step(name, step.get(name)));
        if (step.has("expect")) {
          JsonObject line = new JsonObject();
          line.addProperty("step", name);
          line.addProperty("outcome", seen.outcome);
          line.addProperty("saw", conformance.withoutPorts(seen.saw));
          reported.add(line);
        } else if (!seen.outcome.equals("OK")) {
          System.err.println(scenario.get("name") + ", " + name + ": " + seen.saw);
        }
      }
      conformance.end();
    }
    return result;
  }

  private Seen step(String name, JsonElement given) throws Exception {
    switch (name) {
      case "connect" -> {
        socket = new Socket();
        socket.connect(
            new InetSocketAddress(listener.host(), listener.port()),
            timeoutMs(given.getAsJsonObject()));
        return new Seen("OK", "connected");
      }
      case "write" -> {
        socket.getOutputStream().write(given.getAsString().getBytes(StandardCharsets.UTF_8));
        return new Seen("OK", "written");
      }
      case "read" -> {
        socket.setSoTimeout(timeoutMs(given.getAsJsonObject()));
        byte[] buffer = new byte[64 << 10];
        int count = socket.getInputStream().read(buffer);
        if (count < 0) {
          return new Seen("EOF", "-1");
        }
        String text = new String(buffer, 0, count, StandardCharsets.UTF_8);
        return new Seen("DATA " + text, count + " bytes: " + new Gson().toJson(text));
      }
      case "perform" -> {
        session().perform(merge(given.getAsJsonObject(), Action.newBuilder()).build());
        return new Seen("OK", "performed");
      }
      case "wait" -> {
        if (given.getAsJsonObject().has("ordinal")) {
          fixture.waitSession(
              merge(
                  given.getAsJsonObject(),
                  io.hangup.v1.WaitSessionRequest.newBuilder().setListener(listener.name())),
              Hangup.DEFAULT_TIMEOUT);
        } else {
          session().waitFor(request -> merge(given.getAsJsonObject(), request));
        }
        return new Seen("OK", "waited");
      }
      case "httpGet" -> {
        return httpGet(given.getAsJsonObject());
      }
      case "serve" -> {
        server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        return new Seen("OK", "listening");
      }
      case "dial" -> {
        session = fixture.dial("127.0.0.1:" + server.getLocalPort());
        socket = server.accept();
        return new Seen("OK", "accepted");
      }
      case "close" -> {
        session();
        socket.close();
        return new Seen("OK", "closed");
      }
      case "reset" -> {
        session();
        socket.setSoLinger(true, 0);
        socket.close();
        return new Seen("OK", "closed");
      }
      case "receipt" -> {
        Receipt receipt = session().waitEnded();
        String ends =
            "local " + kind(receipt.getLocalEnd()) + ", peer " + kind(receipt.getPeerEnd());
        return new Seen(ends, ends);
      }
      default -> throw new IllegalArgumentException("unknown step: " + name);
    }
  }

  private static String kind(End end) {
    return end.getKind() == End.Kind.KIND_UNSPECIFIED ? "NONE" : end.getKind().name();
  }

  private Seen httpGet(JsonObject given) throws Exception {
    int attempts = given.has("attempts") ? given.get("attempts").getAsInt() : 1;
    HttpClient client = HttpClient.newHttpClient();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://" + listener.address() + "/"))
            .timeout(Duration.ofMillis(timeoutMs(given)))
            .build();
    for (int attempt = 1; ; attempt++) {
      try {
        HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
        return new Seen(
            "HTTP " + response.statusCode() + " " + response.body(),
            response + ": " + new Gson().toJson(response.body()));
      } catch (IOException error) {
        if (attempt == attempts) {
          if (errnoIn(error) == null && tellsOfAnEarlyEnd(error)) {
            return new Seen("EOF", told(error));
          }
          throw error;
        }
      }
    }
  }

  /** That of the connection, once it is asked for. */
  private Session session() {
    if (session == null) {
      session = listener.accepted(socket.getLocalPort());
    }
    return session;
  }

  private void end() throws IOException {
    if (socket != null) {
      socket.close();
    }
    if (server != null) {
      server.close();
    }
  }

  private static Seen seenBy(Step step) {
    try {
      return step.run();
    } catch (SocketTimeoutException | HttpTimeoutException error) {
      return new Seen("TIMEOUT", told(error));
    } catch (Exception error) {
      String errno = errnoIn(error);
      return new Seen(errno == null ? "OTHER" : errno, told(error));
    }
  }

  /** Java does not tell the errno: its text is all there is. */
  private static String errnoIn(Throwable error) {
    for (Throwable at = error; at != null; at = at.getCause()) {
      String message = String.valueOf(at.getMessage()).toLowerCase(Locale.ROOT);
      for (var known : ERRNO_BY_MESSAGE.entrySet()) {
        if (message.contains(known.getKey())) {
          return known.getValue();
        }
      }
    }
    return null;
  }

  private static boolean tellsOfAnEarlyEnd(Throwable error) {
    return error instanceof EOFException
        || error.getCause() != null && tellsOfAnEarlyEnd(error.getCause());
  }

  /** As a stack trace has it, without the frames. */
  private static String told(Throwable error) {
    StringBuilder told = new StringBuilder(error.toString());
    for (Throwable at = error.getCause(); at != null; at = at.getCause()) {
      told.append("; caused by ").append(at);
    }
    return told.toString();
  }

  private String withoutPorts(String saw) {
    return listener == null || listener.port() == 0
        ? saw
        : saw.replaceAll("\\b" + listener.port() + "\\b", "PORT");
  }

  private static int timeoutMs(JsonObject given) {
    return given.has("timeoutMs") ? given.get("timeoutMs").getAsInt() : TIMEOUT_MS;
  }

  private static <B extends Message.Builder> B merge(JsonObject json, B builder) {
    try {
      JsonFormat.parser().merge(json.toString(), builder);
      return builder;
    } catch (IOException error) {
      throw new IllegalArgumentException(error);
    }
  }
}
