package com.paiml.duende.adapter.pepita.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a real guest would never send. The other side of the channel is played by the test. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HostileGuestTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path folder;
  private final Secret secret = Secret.mint();
  private final Heard heard = new Heard();
  private Sockets sockets;
  private ServerSocketChannel server;
  private SocketChannel guestSide;
  private Guest guest;

  @BeforeEach
  void connect() throws Exception {
    sockets = new Sockets("test");
    Path path = folder.resolve("chan");
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    guest = Guest.connect(sockets, new Address.Unix(path), "victim", secret, heard);
    guestSide = server.accept();
  }

  @AfterEach
  void close() throws Exception {
    guestSide.close();
    server.close();
    sockets.close();
  }

  private static Deadline deadline() {
    return Deadline.after(PATIENCE);
  }

  private void send(int kind, ByteBuffer body) throws IOException {
    ByteBuffer all = Frame.encode(kind, body);
    while (all.hasRemaining()) {
      guestSide.write(all);
    }
  }

  /** Reads the host's greeting, and gives its nonce. */
  private byte[] greeting() throws IOException {
    ByteBuffer all =
        ByteBuffer.allocate(Frame.HEADER + Frame.LONGEST + Frame.HEADER + 18)
            .order(ByteOrder.LITTLE_ENDIAN);
    while (all.hasRemaining() && guestSide.read(all) >= 0) {
      // Until it is whole.
    }
    byte[] nonce = new byte[Secret.NONCE];
    all.get(all.capacity() - Secret.NONCE, nonce);
    return nonce;
  }

  private void answer(Secret with) throws IOException {
    byte[] theirs = greeting();
    byte[] own = Secret.random(Secret.NONCE);
    send(
        Kind.HELLO_OK,
        Frame.Body.of(50)
            .u16(Kind.VERSION)
            .bytes(own)
            .bytes(with.prove("guest", theirs, own))
            .end());
  }

  private void state(int phase) throws IOException {
    send(Kind.STATE, Frame.Body.of(21).u8(phase).u64(0).u64(0).u32(1).end());
  }

  private void open() throws Exception {
    answer(secret);
    state(2);
    assertEquals(GuestState.Phase.RUNNING, guest.opened(deadline()).phase());
  }

  private void awaitViolation(String word) throws Exception {
    Await.until("it is found out", PATIENCE, () -> !heard.violations.isEmpty());
    assertTrue(heard.violations.getFirst().contains(word), () -> "told: " + heard.violations);
    Await.until("the session is over", PATIENCE, guest::isOver);
  }

  @Test
  void whoever_does_not_know_the_secret_gets_no_session() throws Exception {
    answer(Secret.mint());
    state(2);
    DaemonException refusal =
        assertThrows(
            DaemonException.class, () -> guest.opened(Deadline.after(Duration.ofMillis(300))));
    assertEquals(ErrorCode.TIMEOUT, refusal.code());
    assertFalse(guest.isOpen());
  }

  @Test
  void whoever_knows_the_secret_gets_one() throws Exception {
    open();
    assertTrue(guest.isOpen());
  }

  @Test
  void bytes_that_are_no_frames_end_the_session() throws Exception {
    open();
    guestSide.write(ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
    awaitViolation("no frame");
  }

  @Test
  void a_body_that_is_too_short_for_its_kind_ends_the_session() throws Exception {
    open();
    send(Kind.LOG, ByteBuffer.allocate(3));
    awaitViolation("3 bytes");
  }

  @Test
  void a_kind_that_there_is_not_ends_the_session() throws Exception {
    open();
    send(200, ByteBuffer.allocate(0));
    awaitViolation("200");
  }

  @Test
  void an_end_that_cannot_be_ends_the_session() throws Exception {
    open();
    send(Kind.EXIT, Frame.Body.of(14).u8(2).u32(4711).u8(0).u64(0).end());
    awaitViolation("4711");
    assertEquals(List.of(), heard.exits);
  }

  @Test
  void answers_that_nobody_asked_for_are_dropped() throws Exception {
    open();
    send(Kind.USAGE_IS, Frame.Body.of(8).u32(77).u32(1).end());
    send(Kind.STREAM_DATA, Frame.Body.of(8).u32(77).u32(1).end());
    send(Kind.NOTIFY, Frame.Body.of(8).text("READY=1").end());
    Await.until("what came after is heard", PATIENCE, () -> heard.notes.size() == 1);
    assertEquals(List.of(), heard.violations);
  }

  @Test
  void of_a_flood_of_notes_only_some_are_passed_on() throws Exception {
    open();
    for (int i = 0; i < 20_000; i++) {
      send(Kind.NOTIFY, Frame.Body.of(16).text("STATUS=" + i).end());
    }
    send(Kind.EXIT, Frame.Body.of(14).u8(1).u32(0).u8(0).u64(0).end());
    Await.until("its end is heard", PATIENCE, () -> !heard.exits.isEmpty());
    assertTrue(heard.notes.size() < 20_000, () -> heard.notes.size() + " were passed on");
  }

  @Test
  void words_that_would_steer_a_terminal_are_made_harmless() throws Exception {
    open();
    send(Kind.NOTIFY, Frame.Body.of(40).text("STATUS=\u001b[2Jgone").end());
    Await.until("it is heard", PATIENCE, () -> !heard.notes.isEmpty());
    assertEquals("STATUS=?[2Jgone", heard.notes.getFirst());
  }

  @Test
  void a_guest_that_stops_reading_holds_nobody_up_beyond_the_deadline() throws Exception {
    open();
    DaemonException refusal =
        assertThrows(
            DaemonException.class,
            () -> {
              Deadline soon = Deadline.after(Duration.ofSeconds(2));
              while (true) {
                guest.send(Kind.FILE_DATA, ByteBuffer.allocate(60_000), soon);
              }
            });
    assertEquals(ErrorCode.TIMEOUT, refusal.code(), refusal.getMessage());
  }

  @Test
  void questions_without_answers_are_bounded() throws Exception {
    open();
    DaemonException refusal =
        assertThrows(
            DaemonException.class,
            () -> {
              while (true) {
                var _ = guest.expect(guest.number());
              }
            });
    assertEquals(ErrorCode.RESOURCE_LIMIT, refusal.code());
  }

  private static final class Heard implements GuestEvents {
    private final List<String> violations = new CopyOnWriteArrayList<>();
    private final List<String> notes = new CopyOnWriteArrayList<>();
    private final List<ExitReason> exits = new CopyOnWriteArrayList<>();

    @Override
    public long logPosition() {
      return 0;
    }

    @Override
    public boolean log(long position, byte[] bytes) {
      return true;
    }

    @Override
    public void exited(ExitReason reason) {
      exits.add(reason);
    }

    @Override
    public void notified(String text) {
      notes.add(text);
    }

    @Override
    public void violated(String how) {
      violations.add(how);
    }

    @Override
    public void ended(String why) {
      // Asked of the guest itself.
    }
  }
}
