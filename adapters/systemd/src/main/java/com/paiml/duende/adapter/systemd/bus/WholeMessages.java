package com.paiml.duende.adapter.systemd.bus;

import java.nio.channels.SocketChannel;
import org.freedesktop.dbus.spi.message.IMessageReader;
import org.freedesktop.dbus.spi.message.IMessageWriter;
import org.freedesktop.dbus.spi.message.ISocketProvider;

/**
 * How messages get to the bus and from it: each with one system call, or several with one. The library's own way writes every
 * field of a message by itself, some 280 writes for the start of a unit, each of which wakes the bus; it reads each message
 * with four, and takes a write that was cut short for a whole one. Found by the library as a service of its class loader.
 */
public final class WholeMessages implements ISocketProvider {
  @Override
  public IMessageReader createReader(SocketChannel socket) {
    return new MessageReader(socket);
  }

  @Override
  public IMessageWriter createWriter(SocketChannel socket) {
    return new MessageWriter(socket);
  }

  @Override
  public void setFileDescriptorSupport(boolean support) {
    // Java's sockets hand on no descriptors, and nothing here needs one.
  }

  @Override
  public boolean isFileDescriptorPassingSupported() {
    return false;
  }
}
