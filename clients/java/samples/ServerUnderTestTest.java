import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.hangup.Fixture;
import io.hangup.Session;
import io.hangup.junit.HangupExtension;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The other way round: the daemon is the client, and the server under test meets its RST. */
@ExtendWith(HangupExtension.class)
class ServerUnderTestTest {
  @Test
  void theClientResets(Fixture hangup) throws Exception {
    try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Session client = hangup.dial("127.0.0.1:" + server.getLocalPort());
      try (Socket connection = server.accept()) {
        client.reset();

        var error = assertThrows(SocketException.class, () -> connection.getInputStream().read());
        assertEquals("Connection reset", error.getMessage());
      }
    }
  }
}
