package io.hangup;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.hangup.v1.Receipt;
import java.util.Optional;

/**
 * An error of the daemon, or of the way to it.
 *
 * <p>Match on {@link #reason()}; messages may change. The reasons are those of docs/errors.md, and
 * those that clients have of their own (clients/README.md).
 */
public final class HangupException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** The code, the message, and the details as the daemon gave them. */
  private final Status status;

  private HangupException(Status status, Throwable cause) {
    super(status.getMessage(), cause);
    this.status = status;
  }

  HangupException(Code code, String reason, String message) {
    this(code, reason, message, null);
  }

  HangupException(Code code, String reason, String message, Throwable cause) {
    this(
        Status.newBuilder()
            .setCode(code.getNumber())
            .setMessage(message)
            .addDetails(withReason(reason))
            .build(),
        cause);
  }

  private static Any withReason(String reason) {
    return Any.pack(ErrorInfo.newBuilder().setReason(reason).build());
  }

  static HangupException of(Status status) {
    return new HangupException(status, null);
  }

  static HangupException of(StatusRuntimeException error) {
    Status status = StatusProto.fromThrowable(error);
    if (status == null) {
      status = Status.newBuilder().setCode(Code.UNKNOWN_VALUE).build();
    }
    if (status.getMessage().isEmpty()) {
      status = status.toBuilder().setMessage(error.getMessage()).build();
    }
    if (status.getDetailsCount() == 0) {
      String reason =
          switch (error.getStatus().getCode()) {
            case UNAVAILABLE -> "DAEMON_GONE";
            case DEADLINE_EXCEEDED -> "NO_ANSWER";
            default -> "";
          };
      status = status.toBuilder().addDetails(withReason(reason)).build();
    }
    return new HangupException(status, error);
  }

  /**
   * This error, where nothing has answered as a daemon yet: what is none says this and that, as a
   * server of HTTP/1 does, and no daemon is there then.
   */
  HangupException ofNoDaemon() {
    if (!(getCause() instanceof StatusRuntimeException) || !reason().isEmpty()) {
      return this;
    }
    return new HangupException(
        Code.UNAVAILABLE,
        "DAEMON_GONE",
        "no hangup daemon answers: " + code() + ": " + getMessage(),
        getCause());
  }

  /** This error, with more to say. */
  HangupException with(String more) {
    return new HangupException(
        status.toBuilder().setMessage(status.getMessage() + "; " + more).build(), this);
  }

  /**
   * The gRPC code, such as {@code NOT_FOUND}.
   *
   * @return the code; UNKNOWN where there is none
   */
  public Code code() {
    Code code = Code.forNumber(status.getCode());
    return code == null ? Code.UNKNOWN : code;
  }

  /**
   * The stable reason, such as {@code UNKNOWN_SESSION}, or {@code DAEMON_GONE} for a daemon that
   * cannot be reached.
   *
   * @return the reason; empty where gRPC itself ended the call
   */
  public String reason() {
    return detail(ErrorInfo.class).map(ErrorInfo::getReason).orElse("");
  }

  /**
   * The receipt so far, where the daemon gave one, as for a command to a session that has ended.
   *
   * @return the receipt
   */
  public Optional<Receipt> receipt() {
    return detail(Receipt.class);
  }

  /**
   * The first detail of a type, such as {@code google.rpc.BadRequest}.
   *
   * @param <T> the type
   * @param type the type
   * @return the detail
   */
  public <T extends Message> Optional<T> detail(Class<T> type) {
    for (Any detail : status.getDetailsList()) {
      if (detail.is(type)) {
        try {
          return Optional.of(detail.unpack(type));
        } catch (InvalidProtocolBufferException notThatType) {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }

  /** As {@code io.hangup.HangupException: NOT_FOUND (UNKNOWN_SESSION): no session ...}. */
  @Override
  public String toString() {
    String reason = reason();
    return getClass().getName()
        + ": "
        + code()
        + (reason.isEmpty() ? "" : " (" + reason + ")")
        + ": "
        + getMessage();
  }
}
