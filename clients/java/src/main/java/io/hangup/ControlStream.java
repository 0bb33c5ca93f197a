package io.hangup;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.rpc.Code;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.hangup.v1.CancelCall;
import io.hangup.v1.ControlRequest;
import io.hangup.v1.ControlResponse;
import io.hangup.v1.ControlServiceGrpc;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The calls of all threads over one stream: it costs a test 0.6 of what RPCs of their own do
 * (overhead.sh). The first call opens it, and when it was lost the next one does so anew.
 */
final class ControlStream {
  private static final Map<String, FieldDescriptor> REQUESTS = new ConcurrentHashMap<>();
  private static final Map<String, FieldDescriptor> RESPONSES = new ConcurrentHashMap<>();

  private final Channel channel;
  private Stream current;

  ControlStream(Channel channel) {
    this.channel = channel;
  }

  /**
   * Makes a call, and waits for its reply.
   *
   * @param deadline for a daemon that does not answer
   * @throws HangupException when it ends with an error
   */
  @SuppressWarnings("unchecked") // The field of the RPC's name has the type of its reply.
  <Q extends Message, R extends Message> R call(
      MethodDescriptor<Q, R> method, Q request, Duration deadline) {
    String rpc = method.getBareMethodName();
    FieldDescriptor field =
        REQUESTS.computeIfAbsent(rpc, name -> field(ControlRequest.getDescriptor(), name));
    Pending call = stream().send(ControlRequest.newBuilder().setField(field, request));
    ControlResponse response = call.await(rpc, deadline);
    if (response.hasError()) {
      throw HangupException.of(response.getError());
    }
    return (R)
        response.getField(
            RESPONSES.computeIfAbsent(rpc, name -> field(ControlResponse.getDescriptor(), name)));
  }

  private synchronized Stream stream() {
    if (current == null || current.end != null) {
      current = new Stream(channel);
    }
    return current;
  }

  /** Both have the name of the RPC: ResetSession is reset_session. */
  private static FieldDescriptor field(Descriptor message, String rpc) {
    String name = rpc.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
    FieldDescriptor field = message.findFieldByName(name);
    if (field == null) {
      throw new IllegalArgumentException(rpc + " is not carried by the control stream");
    }
    return field;
  }

  /** A call without its reply yet. */
  private record Pending(Stream stream, long id, CompletableFuture<ControlResponse> reply) {
    ControlResponse await(String rpc, Duration deadline) {
      try {
        return reply.get(Durations.nanos(deadline), TimeUnit.NANOSECONDS);
      } catch (ExecutionException error) {
        throw HangupException.of((StatusRuntimeException) error.getCause());
      } catch (TimeoutException late) {
        stream.giveUp(id);
        throw new HangupException(
            Code.DEADLINE_EXCEEDED,
            "NO_ANSWER",
            rpc + ": the daemon gave no answer within " + Durations.text(deadline),
            late);
      } catch (InterruptedException interrupted) {
        stream.giveUp(id);
        Thread.currentThread().interrupt();
        throw new HangupException(Code.CANCELLED, "", rpc + ": interrupted", interrupted);
      }
    }
  }

  /** One life of the stream. */
  private static final class Stream implements StreamObserver<ControlResponse> {
    private final Map<Long, CompletableFuture<ControlResponse>> pending = new ConcurrentHashMap<>();
    private final StreamObserver<ControlRequest> requests;
    private long lastId;
    private volatile StatusRuntimeException end;

    Stream(Channel channel) {
      requests =
          ClientCalls.asyncBidiStreamingCall(
              channel.newCall(ControlServiceGrpc.getControlMethod(), CallOptions.DEFAULT), this);
    }

    synchronized Pending send(ControlRequest.Builder request) {
      long id = ++lastId;
      CompletableFuture<ControlResponse> reply = new CompletableFuture<>();
      pending.put(id, reply);
      requests.onNext(request.setId(id).build());
      if (end != null) {
        // It may have ended before this call was among the pending ones.
        failPending();
      }
      return new Pending(this, id, reply);
    }

    synchronized void giveUp(long id) {
      // The id is not used again, so a reply that comes all the same is nobody's.
      pending.remove(id);
      requests.onNext(
          ControlRequest.newBuilder().setId(id).setCancel(CancelCall.getDefaultInstance()).build());
    }

    @Override
    public void onNext(ControlResponse response) {
      CompletableFuture<ControlResponse> reply = pending.remove(response.getId());
      if (reply != null) {
        reply.complete(response);
      }
    }

    @Override
    public void onError(Throwable error) {
      end = (StatusRuntimeException) error;
      failPending();
    }

    @Override
    public void onCompleted() {
      onError(Status.UNAVAILABLE.withDescription("the daemon has ended").asRuntimeException());
    }

    private void failPending() {
      for (Long id : pending.keySet()) {
        CompletableFuture<ControlResponse> reply = pending.remove(id);
        if (reply != null) {
          reply.completeExceptionally(end);
        }
      }
    }
  }
}
