import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.hangup.Fixture;
import io.hangup.Listener;
import io.hangup.junit.HangupExtension;
import java.net.Socket;
import java.net.SocketException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A server that resets: read throws SocketException, "Connection reset". */
@ExtendWith(HangupExtension.class)
class EconnresetTest {
  @Test
  void theServerResets(Fixture hangup) throws Exception {
    Listener listener = hangup.listen();
    try (Socket socket = new Socket(listener.host(), listener.port())) {
      listener.accepted(socket.getLocalPort()).reset();

      var error = assertThrows(SocketException.class, () -> socket.getInputStream().read());
      assertEquals("Connection reset", error.getMessage());
    }
  }
}
