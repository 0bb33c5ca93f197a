// A peer by java.net.Socket: see ../README.md.
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

public class Peer {
  interface Call {
    Object make() throws IOException;
  }

  public static void main(String[] args) throws IOException {
    int colon = args[0].lastIndexOf(':');
    String host = args[0].substring(0, colon);
    int port = Integer.parseInt(args[0].substring(colon + 1));
    String[] order = args[1].equals("read") ? new String[] {"read", "read", "write"} : new String[] {"write", "write", "read"};
    List<String> said = new ArrayList<>();
    Socket socket = new Socket();
    try {
      socket.connect(new InetSocketAddress(host, port), 1000);
    } catch (IOException error) {
      print(text(error), said);
      return;
    }
    socket.setSoTimeout(1000);
    socket.getOutputStream().write("hello".getBytes());
    while (System.in.read() != '\n') {}
    for (String name : order) {
      Call call = name.equals("read")
          ? () -> "returns " + socket.getInputStream().read(new byte[4096])
          : () -> { socket.getOutputStream().write('x'); return "returns"; };
      String gave;
      try {
        gave = String.valueOf(call.make());
      } catch (IOException error) {
        gave = text(error);
      }
      said.add("[" + quote(name) + "," + quote(gave) + "]");
    }
    print("connected", said);
  }

  static String text(IOException error) {
    return error.getClass().getSimpleName() + ": " + error.getMessage();
  }

  static String quote(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  static void print(String connect, List<String> calls) {
    System.out.println("{\"connect\":" + quote(connect) + ",\"calls\":[" + String.join(",", calls) + "]}");
  }
}
