package com.paiml.duende.adapter.systemd.bus;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceLoader;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.messages.Message;
import org.freedesktop.dbus.messages.MessageFactory;
import org.freedesktop.dbus.messages.constants.Endian;
import org.freedesktop.dbus.spi.message.ISocketProvider;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** Messages on the wire: whole, however the socket cuts them. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class WholeMessagesTest {
  /** Takes and gives at most so many bytes at once, and counts. */
  private static final class Narrow implements ByteChannel {
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final ByteBuffer given;
    private final int most;
    private int calls;

    Narrow(int most, byte[] given) {
      this.most = most;
      this.given = ByteBuffer.wrap(given);
    }

    @Override
    public int write(ByteBuffer from) {
      calls++;
      byte[] some = new byte[Math.min(most, from.remaining())];
      from.get(some);
      written.writeBytes(some);
      return some.length;
    }

    @Override
    public int read(ByteBuffer to) {
      calls++;
      if (!given.hasRemaining()) {
        return -1;
      }
      byte[] some = new byte[Math.min(most, Math.min(to.remaining(), given.remaining()))];
      given.get(some);
      to.put(some);
      return some.length;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  private static byte[] bytes(int count) {
    byte[] all = new byte[count];
    for (int i = 0; i < count; i++) {
      all[i] = (byte) (i * 31);
    }
    return all;
  }

  private static DBusSignal signal(String text) throws Exception {
    return new MessageFactory(Endian.LITTLE).createSignal(null, "/a", "a.b", "C", "s", text);
  }

  private static byte[] wire(Message message) throws IOException {
    Narrow all = new Narrow(Integer.MAX_VALUE, new byte[0]);
    new MessageWriter(all).writeMessage(message);
    return all.written.toByteArray();
  }

  @Test
  void the_library_finds_it() {
    List<Class<?>> found =
        ServiceLoader.load(ISocketProvider.class, WholeMessages.class.getClassLoader()).stream()
            .<Class<?>>map(ServiceLoader.Provider::type)
            .toList();

    assertEquals(List.of(WholeMessages.class), found);
  }

  @Test
  void a_message_of_many_parts_is_one_write() throws IOException {
    byte[][] parts = new byte[300][];
    for (int i = 0; i < 280; i++) {
      parts[i] = new byte[] {(byte) i, 1, 2, 3};
    }
    Narrow channel = new Narrow(Integer.MAX_VALUE, new byte[0]);

    new MessageWriter(channel).write(parts);

    assertEquals(1, channel.calls);
    assertEquals(280 * 4, channel.written.size());
  }

  @Test
  void what_a_socket_takes_in_pieces_arrives_whole() throws IOException {
    byte[] large = bytes(1_000_003);
    Narrow channel = new Narrow(997, new byte[0]);

    new MessageWriter(channel).write(new byte[][] {{7}, large, {8}, null, {9}});

    byte[] arrived = channel.written.toByteArray();
    assertEquals(large.length + 2, arrived.length);
    assertEquals(7, arrived[0]);
    assertArrayEquals(large, Arrays.copyOfRange(arrived, 1, large.length + 1));
    assertEquals(8, arrived[large.length + 1]);
  }

  @Test
  void messages_that_come_together_are_read_at_once_and_in_order() throws Exception {
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.writeBytes(wire(signal("first")));
    both.writeBytes(wire(signal("second")));
    Narrow channel = new Narrow(Integer.MAX_VALUE, both.toByteArray());
    MessageReader reader = new MessageReader(channel);

    Message first = reader.readMessage();
    Message second = reader.readMessage();

    assertEquals("first", first.getParameters()[0]);
    assertEquals("second", second.getParameters()[0]);
    assertEquals("/a", second.getPath());
    assertEquals(1, channel.calls);
  }

  @Test
  void messages_that_come_byte_by_byte_are_read_whole() throws Exception {
    String text = "x".repeat(40_001);
    MessageReader reader = new MessageReader(new Narrow(1, wire(signal(text))));

    assertEquals(text, reader.readMessage().getParameters()[0]);
    assertThrows(EOFException.class, reader::readMessage);
  }

  private static DBusSignal of(String path, String member, String text) throws Exception {
    return new MessageFactory(Endian.LITTLE)
        .createSignal("org.freedesktop.systemd1", path, "a.b", member, "s", text);
  }

  @Test
  void what_systemd_tells_of_others_units_is_passed_over_and_nothing_else() throws Exception {
    String manager = "/org/freedesktop/systemd1";
    List<DBusSignal> said =
        List.of(
            of(manager + "/unit/ssh_2eservice", "PropertiesChanged", "others"),
            of(manager + "/unit/duende_2dweb_2eservice", "PropertiesChanged", "ours"),
            of(manager, "UnitRemoved", "ssh.service"),
            of(manager, "UnitRemoved", "duende-web.service"),
            of(manager, "UnitRemoved", "var-lib-duende\\x2dlab.mount"),
            of("/org/freedesktop/DBus", "NameOwnerChanged", "somebody"),
            of(manager + "/unit/duende_2dlast_2eservice", "PropertiesChanged", "last"));
    ByteArrayOutputStream wire = new ByteArrayOutputStream();
    for (DBusSignal one : said) {
      wire.writeBytes(wire(one));
    }
    MessageReader reader = new MessageReader(new Narrow(Integer.MAX_VALUE, wire.toByteArray()));
    List<String> heard = new ArrayList<>();
    while (!heard.contains("last")) {
      heard.add(String.valueOf(reader.readMessage().getParameters()[0]));
    }

    assertEquals(List.of("ours", "duende-web.service", "somebody", "last"), heard);
  }

  @Test
  void what_is_no_message_ends_the_connection_before_memory_is_taken() throws Exception {
    byte[] wire = wire(signal("text"));
    byte[] length = wire.clone();
    Arrays.fill(length, 4, 8, (byte) 0xff);
    byte[] fields = wire.clone();
    Arrays.fill(fields, 12, 16, (byte) 0x7f);
    byte[] version = wire.clone();
    version[3] = 9;
    byte[] order = wire.clone();
    order[0] = 'x';

    for (byte[] wrong : List.of(length, fields, version, order)) {
      IOException refused =
          assertThrows(
              IOException.class, () -> new MessageReader(new Narrow(9, wrong)).readMessage());
      assertTrue(String.valueOf(refused.getMessage()).contains("the bus"), refused.toString());
    }
  }
}
