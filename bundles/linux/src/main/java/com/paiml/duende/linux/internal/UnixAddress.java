package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** struct sockaddr_un of sys/un.h. */
final class UnixAddress {
  private static final int MAX_PATH = 107;

  private UnixAddress() {}

  static MemorySegment of(Arena arena, Path path) throws LinuxException {
    byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MAX_PATH) {
      throw new LinuxException(
          Errno.ENAMETOOLONG,
          "bind",
          path.toString(),
          "The path of a unix socket may have 107 bytes, this one has "
              + bytes.length
              + ": use a shorter folder.");
    }
    MemorySegment address = arena.allocate(Layouts.SOCKADDR_UN_PATH + bytes.length + 1, 8);
    address.set(Layouts.SHORT, 0, (short) Layouts.AF_UNIX);
    MemorySegment.copy(
        bytes, 0, address, ValueLayout.JAVA_BYTE, Layouts.SOCKADDR_UN_PATH, bytes.length);
    return address;
  }
}
