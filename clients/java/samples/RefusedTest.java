import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.hangup.Fixture;
import io.hangup.Listener;
import io.hangup.junit.HangupExtension;
import java.net.ConnectException;
import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A server that is down for a while, on a port that stays its own: ConnectException, "Connection
 * refused".
 */
@ExtendWith(HangupExtension.class)
class RefusedTest {
  @Test
  void theServerIsDownForAWhile(Fixture hangup) throws Exception {
    Listener listener = hangup.listen();
    listener.refuse();
    var error = assertThrows(ConnectException.class, () -> connect(listener).close());
    assertEquals("Connection refused", error.getMessage());

    listener.resume();
    connect(listener).close();
  }

  private static Socket connect(Listener listener) throws Exception {
    return new Socket(listener.host(), listener.port());
  }
}
