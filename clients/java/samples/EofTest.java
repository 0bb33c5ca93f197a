import static org.junit.jupiter.api.Assertions.assertEquals;

import io.hangup.Fixture;
import io.hangup.Listener;
import io.hangup.junit.HangupExtension;
import io.hangup.v1.End;
import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A server that closes in the ordinary way: read gives -1, the end of the stream. */
@ExtendWith(HangupExtension.class)
class EofTest {
  @Test
  void theServerCloses(Fixture hangup) throws Exception {
    Listener listener = hangup.listen();
    try (Socket socket = new Socket(listener.host(), listener.port())) {
      var receipt = listener.accepted(socket.getLocalPort()).close();

      assertEquals(-1, socket.getInputStream().read());
      assertEquals(End.Kind.FIN, receipt.getLocalEnd().getKind());
    }
  }
}
