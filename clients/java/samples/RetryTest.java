import static io.hangup.Actions.close;
import static io.hangup.Actions.reset;
import static io.hangup.Actions.send;
import static io.hangup.Plans.each;
import static io.hangup.Plans.first;
import static io.hangup.Plans.step;
import static io.hangup.Triggers.accepted;
import static io.hangup.Triggers.pattern;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.hangup.Behaviours;
import io.hangup.Fixture;
import io.hangup.Listener;
import io.hangup.junit.HangupExtension;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A server that resets the first two requests and answers the third: code that retries gets its
 * answer.
 */
@ExtendWith(HangupExtension.class)
class RetryTest {
  private static final String END_OF_HEAD = "\r\n\r\n";
  private static final String ANSWER =
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nrecovered";

  @Test
  void theThirdTrySucceeds(Fixture hangup) throws Exception {
    Listener server =
        hangup.listen(
            request ->
                request
                    .setBehaviour(Behaviours.discard())
                    .addPlans(first(2, step(pattern(END_OF_HEAD), reset())))
                    .addPlans(
                        each(step(pattern(END_OF_HEAD), send(ANSWER)), step(accepted(), close()))));

    assertEquals("recovered", getWithRetries(server.address(), 3));
    assertEquals(3, server.info().getAccepted());
  }

  /** The code under test. */
  private static String getWithRetries(String address, int attempts) throws Exception {
    var request = HttpRequest.newBuilder(URI.create("http://" + address + "/")).build();
    for (int attempt = 1; ; attempt++) {
      try {
        return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
      } catch (IOException error) {
        if (attempt == attempts) {
          throw error;
        }
      }
    }
  }
}
