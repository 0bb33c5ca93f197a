import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.hangup.Fixture;
import io.hangup.Listener;
import io.hangup.Session;
import io.hangup.junit.HangupExtension;
import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A server that has said all, and still listens: read gives -1, and writes arrive. */
@ExtendWith(HangupExtension.class)
class HalfCloseTest {
  @Test
  void theServerHalfCloses(Fixture hangup) throws Exception {
    Listener listener = hangup.listen();
    try (Socket socket = new Socket(listener.host(), listener.port())) {
      Session session = listener.accepted(socket.getLocalPort());
      session.halfClose();
      assertEquals(-1, socket.getInputStream().read());

      socket.getOutputStream().write("still here".getBytes(UTF_8));
      session.waitFor(until -> until.setBytesReceived(10));
    }
  }
}
