package com.paiml.duende.adapter.pepita.channel;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One session with the init of a machine. It begins when both sides have proved that they know the machine's secret, and ends
 * with the socket. Whatever comes from the guest is bounded and checked: it is taken for hostile. Safe for several threads.
 */
public final class Guest implements Sockets.Listener, AutoCloseable {
  /** Questions in progress at once. */
  private static final int MOST_ASKED = 64;

  /** Streams open at once; the guest's own bound. */
  private static final int MOST_STREAMS = 8;

  /** Bytes that are no frames, before a session: what an earlier one has left behind. */
  private static final long MOST_SKIPPED = 4L << 20;

  /** Messages of sd_notify that are passed on in a second. */
  private static final int NOTES_PER_SECOND = 200;

  private static final int STATE_LENGTH = 21;
  private static final long SECOND = 1_000_000_000L;

  private final String thing;
  private final Secret secret;
  private final GuestEvents events;
  private final byte[] nonce = Secret.random(Secret.NONCE);
  private final Frame.Reader reader = new Frame.Reader();
  private final CompletableFuture<GuestState> opened = new CompletableFuture<>();
  private final CompletableFuture<GuestState> prepared = new CompletableFuture<>();
  private final CompletableFuture<Integer> started = new CompletableFuture<>();
  private final Map<Integer, CompletableFuture<ByteBuffer>> asked = new ConcurrentHashMap<>();
  private final Map<Integer, GuestStream> streams = new ConcurrentHashMap<>();
  private final AtomicInteger numbers = new AtomicInteger();
  private final StringBuilder greeting = new StringBuilder();
  private volatile Sockets.Socket socket;
  private volatile boolean over;
  private boolean greeted;
  private boolean proved;
  private long second;
  private int notes;

  @SuppressWarnings("NullAway.Init")
  private Guest(String thing, Secret secret, Address address, GuestEvents events) {
    this.thing = thing;
    this.secret = secret;
    this.events = events;
    this.greeted = !(address instanceof Address.Forwarded);
  }

  /** Connects, and begins a session; {@link #opened} tells when it has begun. */
  public static Guest connect(
      Sockets sockets, Address address, String thing, Secret secret, GuestEvents events)
      throws IOException {
    Guest guest = new Guest(thing, secret, address, events);
    guest.socket = sockets.connect(address, guest);
    if (address instanceof Address.Forwarded(Path _, int port)) {
      guest.socket.sendNow(
          ByteBuffer.wrap(("CONNECT " + port + "\n").getBytes(StandardCharsets.US_ASCII)));
    }
    // A guest in the middle of a frame of a host that was cut off takes this for the rest of it.
    guest.socket.sendNow(ByteBuffer.allocate(Frame.HEADER + Frame.LONGEST));
    guest.socket.sendNow(
        Frame.encode(Kind.HELLO, Frame.Body.of(18).u16(Kind.VERSION).bytes(guest.nonce).end()));
    return guest;
  }

  // --- what the guest says ---------------------------------------------------------------------

  @Override
  public void received(ByteBuffer bytes) {
    if (!greeted) {
      readGreeting(bytes);
    }
    while (greeted && bytes.hasRemaining()) {
      reader.add(bytes);
      for (Optional<Frame> next = reader.next(); next.isPresent(); next = reader.next()) {
        Frame frame = next.get();
        try {
          take(frame);
        } catch (java.nio.BufferUnderflowException e) {
          violated(
              "a body of " + frame.body().limit() + " bytes in a frame of kind " + frame.kind());
          return;
        }
      }
      if (reader.skipped() > (opened.isDone() ? 0 : MOST_SKIPPED)) {
        violated("it sends what is no frame");
        return;
      }
    }
  }

  /** {@code OK PORT}, the answer of Firecracker's scheme. */
  private void readGreeting(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      char c = (char) bytes.get();
      if (c == '\n') {
        if (!greeting.toString().startsWith("OK ")) {
          socket.close();
        }
        greeted = true;
        return;
      }
      if (greeting.length() > 64) {
        violated("no OK in answer to CONNECT");
        return;
      }
      greeting.append(c);
    }
  }

  private void violated(String how) {
    events.violated(how);
    socket.close();
  }

  private void take(Frame frame) {
    ByteBuffer body = frame.body();
    if (frame.kind() == Kind.HELLO_OK) {
      authenticate(body);
      return;
    }
    if (frame.kind() == Kind.STATE) {
      takeState(body);
      return;
    }
    if (!opened.isDone()) {
      // Left by the session before.
      return;
    }
    switch (frame.kind()) {
      case Kind.FAILED -> {
        int errno = body.getInt();
        fail(new GuestFault(text(body), errno));
      }
      case Kind.STARTED -> started.complete(body.getInt());
      case Kind.LOG -> takeLog(body);
      case Kind.EXIT -> takeExit(body);
      case Kind.NOTIFY -> takeNote(body);
      case Kind.FILE_OK,
          Kind.EXEC_DONE,
          Kind.LIMITS_ARE,
          Kind.USAGE_IS,
          Kind.STREAM_OPENED,
          Kind.HELD ->
          answer(body.getInt(), body);
      case Kind.ECHOED -> answer(ECHO_NUMBER, body);
      case Kind.STREAM_DATA, Kind.STREAM_CLOSE, Kind.STREAM_CREDIT -> takeStream(frame);
      default -> violated("a frame of the unknown kind " + frame.kind());
    }
  }

  private static final int ECHO_NUMBER = -1;

  private void authenticate(ByteBuffer body) {
    int version = body.getShort();
    byte[] theirs = new byte[Secret.NONCE];
    byte[] proof = new byte[Secret.LENGTH];
    body.get(theirs).get(proof);
    if (version != Kind.VERSION) {
      violated("it speaks version " + version + " of the channel, not " + Kind.VERSION);
      return;
    }
    if (!secret.proves(proof, "guest", nonce, theirs)) {
      if (opened.isDone()) {
        violated("a second greeting without the secret");
      }
      // Before that it may be a late answer to another host's greeting.
      return;
    }
    proved = true;
    socket.sendNow(Frame.encode(Kind.AUTH, ByteBuffer.wrap(secret.prove("host", theirs, nonce))));
  }

  private void takeState(ByteBuffer body) {
    if (!proved || body.remaining() != STATE_LENGTH) {
      // Left by the session before.
      return;
    }
    int phase = body.get();
    if (phase < 0 || phase > 3) {
      violated("phase " + phase);
      return;
    }
    GuestState state = new GuestState(phaseOf(phase), body.getInt(STATE_LENGTH - 4));
    if (opened.complete(state)) {
      acknowledge(events.logPosition());
    } else {
      prepared.complete(state);
    }
  }

  private static GuestState.Phase phaseOf(int number) {
    return switch (number) {
      case 0 -> GuestState.Phase.NEW;
      case 1 -> GuestState.Phase.PREPARED;
      case 2 -> GuestState.Phase.RUNNING;
      default -> GuestState.Phase.ENDED;
    };
  }

  private void acknowledge(long position) {
    socket.sendNow(Frame.encode(Kind.LOG_ACK, Frame.Body.of(8).u64(position).end()));
  }

  private void takeLog(ByteBuffer body) {
    long position = body.getLong();
    byte[] bytes = new byte[body.remaining()];
    body.get(bytes);
    if (events.log(position, bytes)) {
      acknowledge(position + bytes.length);
    } else {
      socket.close();
    }
  }

  private void takeExit(ByteBuffer body) {
    int how = body.get();
    int value = body.getInt();
    boolean core = body.get() != 0;
    long kills = body.getLong();
    if (how == 1 && value >= 0 && value <= 255) {
      events.exited(ExitReason.ofCode(value));
    } else if (how == 2 && value >= 1 && value <= 64) {
      events.exited(
          value == 9 && kills > 0
              ? new ExitReason.ResourceExhausted(
                  "memory", "killed by the guest's kernel, which had no more")
              : new ExitReason.Signalled(value, core));
    } else {
      violated("an end of kind " + how + ", value " + value);
    }
  }

  private void takeNote(ByteBuffer body) {
    long now = System.nanoTime() / SECOND;
    if (now != second) {
      second = now;
      notes = 0;
    }
    // A flood of them is the daemon's own loss.
    if (notes++ < NOTES_PER_SECOND) {
      events.notified(text(body));
    }
  }

  private void answer(int number, ByteBuffer body) {
    CompletableFuture<ByteBuffer> waiting = asked.remove(number);
    if (waiting != null) {
      ByteBuffer copy =
          ByteBuffer.allocate(body.remaining()).order(ByteOrder.LITTLE_ENDIAN).put(body).flip();
      waiting.complete(copy);
    }
  }

  private void takeStream(Frame frame) {
    ByteBuffer body = frame.body();
    GuestStream stream = streams.get(body.getInt());
    if (stream == null) {
      return;
    }
    switch (frame.kind()) {
      case Kind.STREAM_DATA -> {
        if (!stream.arrived(body)) {
          violated("more bytes of a stream than it was allowed to send");
        }
      }
      case Kind.STREAM_CREDIT -> stream.mayWrite(body.getInt());
      default -> {
        streams.remove(stream.number());
        stream.endOfStream();
      }
    }
  }

  /** The rest of a body. */
  private static String text(ByteBuffer body) {
    byte[] bytes = new byte[body.remaining()];
    body.get(bytes);
    return printable(new String(bytes, StandardCharsets.UTF_8));
  }

  /** A guest's words, without what would steer a terminal. */
  public static String printable(String text) {
    return text.replaceAll("[\\p{Cntrl}&&[^\n\t]]", "?");
  }

  private void fail(GuestFault fault) {
    prepared.completeExceptionally(fault);
    started.completeExceptionally(fault);
    asked.values().forEach(f -> f.completeExceptionally(fault));
  }

  @Override
  public void ended(String why) {
    over = true;
    IOException gone = new IOException("the session with its guest is over: " + why);
    opened.completeExceptionally(gone);
    prepared.completeExceptionally(gone);
    started.completeExceptionally(gone);
    asked.values().forEach(f -> f.completeExceptionally(gone));
    asked.clear();
    streams.values().forEach(GuestStream::endOfStream);
    streams.clear();
    events.ended(why);
  }

  // --- what is said to it -----------------------------------------------------------------------

  /** Waits until the session has begun. */
  public GuestState opened(Deadline deadline) throws DaemonException {
    return await(opened, "did not answer on its channel", deadline);
  }

  /** {@return whether a session has begun and not ended} */
  public boolean isOpen() {
    return opened.isDone() && !opened.isCompletedExceptionally();
  }

  /** {@return whether the session is over, or never began} */
  public boolean isOver() {
    return over;
  }

  /** Sends one message, once a session has begun. */
  public void send(int kind, ByteBuffer body, Deadline deadline) throws DaemonException {
    GuestState _ = opened(deadline);
    socket.send(Frame.encode(kind, body), thing, deadline);
  }

  /** Gives it its configuration, and waits until it has mounted and set up all that it says. */
  public void prepare(ByteBuffer records, Deadline deadline) throws DaemonException {
    while (records.hasRemaining()) {
      int take = Math.min(Frame.LONGEST, records.remaining());
      send(Kind.CONFIG, records.slice(records.position(), take), deadline);
      records.position(records.position() + take);
    }
    send(Kind.PREPARE, ByteBuffer.allocate(0), deadline);
    GuestState _ = await(prepared, "did not set itself up", deadline);
  }

  /** Starts the program, and waits until it is executed. */
  public int start(Deadline deadline) throws DaemonException {
    send(Kind.START, ByteBuffer.allocate(0), deadline);
    return await(started, "did not start its program", deadline);
  }

  /** A question of a file; others number themselves. */
  public CompletableFuture<ByteBuffer> expect(int number) throws DaemonException {
    CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
    if (asked.size() >= MOST_ASKED) {
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          thing,
          MOST_ASKED + " questions to its guest are unanswered",
          "it is hung: see its console");
    }
    asked.put(number, answer);
    return answer;
  }

  /** A number for a question. */
  public int number() {
    return numbers.updateAndGet(n -> n == Integer.MAX_VALUE ? 1 : n + 1);
  }

  /** Asks, and waits for the answer; the body of the question begins with its number. */
  public ByteBuffer ask(int kind, int number, ByteBuffer body, Deadline deadline)
      throws DaemonException {
    CompletableFuture<ByteBuffer> answer = expect(number);
    try {
      send(kind, body, deadline);
      return await(answer, "did not answer", deadline);
    } finally {
      asked.remove(number);
    }
  }

  /** Asks with a text. */
  public ByteBuffer ask(int kind, String text, Deadline deadline) throws DaemonException {
    int number = number();
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return ask(
        kind, number, Frame.Body.of(4 + bytes.length).u32(number).bytes(bytes).end(), deadline);
  }

  /** Sends bytes there and back. */
  public synchronized byte[] echo(byte[] bytes, Deadline deadline) throws DaemonException {
    ByteBuffer back = ask(Kind.ECHO, ECHO_NUMBER, ByteBuffer.wrap(bytes), deadline);
    byte[] copy = new byte[back.remaining()];
    back.get(copy);
    return copy;
  }

  /** Lets its program stand still; what that has said before has arrived when this returns. */
  public void hold(Deadline deadline) throws DaemonException {
    int errno = ask(Kind.HOLD, "", deadline).getInt();
    if (errno != 0) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          thing,
          "its program cannot be made to stand still (errno " + errno + ")",
          "see whether it still runs, and ask again");
    }
  }

  /** Sets its clock, gives it randomness of its own, then lets its program go on. */
  public void goOn(Deadline deadline) throws DaemonException {
    Instant now = Instant.now();
    send(
        Kind.GO_ON,
        Frame.Body.of(8 + Secret.LENGTH)
            .u64(now.getEpochSecond() * SECOND + now.getNano())
            .bytes(Secret.random(Secret.LENGTH))
            .end(),
        deadline);
  }

  /** Opens a stream to a unix socket in the guest. */
  public GuestStream stream(String path, Deadline deadline) throws DaemonException {
    if (streams.size() >= MOST_STREAMS) {
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          thing,
          MOST_STREAMS + " streams into it are open",
          "close one first");
    }
    int number = number();
    GuestStream stream = new GuestStream(this, number, thing);
    streams.put(number, stream);
    try {
      byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
      ByteBuffer answer =
          ask(
              Kind.STREAM_OPEN,
              number,
              Frame.Body.of(4 + bytes.length).u32(number).bytes(bytes).end(),
              deadline);
      int errno = answer.getInt();
      if (errno != 0) {
        throw new DaemonException(
            ErrorCode.IO,
            thing,
            "nobody listens on " + path + " in its guest (errno " + errno + ")",
            "see its log");
      }
      return stream;
    } catch (DaemonException e) {
      streams.remove(number);
      throw e;
    }
  }

  void forget(GuestStream stream) {
    streams.remove(stream.number());
  }

  /** Says that its end is known: it powers itself off. From any thread, without waiting. */
  public void powerOff() {
    socket.sendNow(Frame.encode(Kind.EXIT_ACK, ByteBuffer.allocate(0)));
  }

  void sendNow(int kind, ByteBuffer body) {
    socket.sendNow(Frame.encode(kind, body));
  }

  /** Waits for an answer. */
  public <T> T await(CompletableFuture<T> answer, String what, Deadline deadline)
      throws DaemonException {
    try {
      return answer.get(Math.max(1, deadline.remaining().toNanos()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          thing,
          "its guest " + what + " in time",
          "see its console: \"pepita console\"",
          e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof GuestFault fault) {
        throw new DaemonException(
            ErrorCode.SPAWN, thing, fault.describe(), "see its file and its root file system", e);
      }
      throw new DaemonException(
          ErrorCode.IO, thing, String.valueOf(e.getMessage()), "see its console", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT, thing, "waiting was interrupted", "ask again", e);
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
