package com.paiml.duende.adapter.pepita.channel;

import com.paiml.duende.api.ExitReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a machine's guest says, before and after it has proved that it knows the secret. */
public final class GuestFuzz {
  private static final Secret SECRET = Secret.mint();
  private static Host host;

  private GuestFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    if (host == null) {
      host = new Host();
    }
    if (input.length > 0) {
      host.hear(input[0] % 2 == 0, ByteBuffer.wrap(input, 1, input.length - 1).slice());
    }
  }

  /** The side that listens, with real sockets for what it answers. */
  private static final class Host {
    private final Path path;
    private final Sockets sockets = new Sockets("fuzz");
    private final ServerSocketChannel server =
        ServerSocketChannel.open(StandardProtocolFamily.UNIX);

    Host() throws IOException {
      Path folder = Files.createTempDirectory("duende-fuzz");
      path = folder.resolve("channel");
      server.bind(UnixDomainSocketAddress.of(path));
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    try {
                      Files.deleteIfExists(path);
                      Files.deleteIfExists(folder);
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  }));
    }

    void hear(boolean withSession, ByteBuffer said) throws IOException {
      Guest guest = Guest.connect(sockets, new Address.Unix(path), "fuzz", SECRET, new Deaf());
      try (SocketChannel other = server.accept()) {
        if (withSession) {
          open(guest, other);
        }
        guest.received(said);
      } finally {
        guest.close();
      }
    }

    private static void open(Guest guest, SocketChannel other) throws IOException {
      ByteBuffer greeting =
          ByteBuffer.allocate(Frame.HEADER + Frame.LONGEST + Frame.HEADER + 2 + Secret.NONCE);
      while (greeting.hasRemaining() && other.read(greeting) >= 0) {
        // Until it is whole.
      }
      byte[] theirs = new byte[Secret.NONCE];
      greeting.get(greeting.capacity() - Secret.NONCE, theirs);
      byte[] own = Secret.random(Secret.NONCE);
      guest.received(
          Frame.encode(
              Kind.HELLO_OK,
              Frame.Body.of(2 + Secret.NONCE + Secret.LENGTH)
                  .u16(Kind.VERSION)
                  .bytes(own)
                  .bytes(SECRET.prove("guest", theirs, own))
                  .end()));
      guest.received(Frame.encode(Kind.STATE, Frame.Body.of(21).u8(2).u64(0).u64(0).u32(1).end()));
    }
  }

  private static final class Deaf implements GuestEvents {
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
      if (reason.describe().isEmpty()) {
        throw new AssertionError("an end without a word");
      }
    }

    @Override
    public void notified(String text) {
      if (text.chars().anyMatch(c -> c < ' ' && c != '\n' && c != '\t')) {
        throw new AssertionError("what steers a terminal is passed on");
      }
    }

    @Override
    public void violated(String how) {
      if (how.isEmpty()) {
        throw new AssertionError("refused without a word");
      }
    }

    @Override
    public void ended(String why) {
      // Of no matter here.
    }
  }
}
