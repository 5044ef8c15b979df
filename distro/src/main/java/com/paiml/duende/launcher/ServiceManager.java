package com.paiml.duende.launcher;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Tells the service manager that started this process how it is, as sd_notify(3) describes: one datagram to the socket that
 * {@code NOTIFY_SOCKET} names. Where there is no such variable, nothing is loaded and nothing said.
 *
 * <p>By java.lang.foreign: the JDK has no datagram sockets of unix(7), and the launcher no native library.
 */
final class ServiceManager implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger("duende.container");

  // bits/socket.h, bits/socket_type.h, sys/un.h of glibc and musl, the same on x86-64 and aarch64.
  private static final short AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 02000000;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int SUN_PATH = 108;

  private final String socket;
  private final Optional<Duration> watchdog;
  private final Calls calls;
  private final ScheduledExecutorService timer;

  private record Calls(MethodHandle socket, MethodHandle sendto, MethodHandle close) {}

  private ServiceManager(String socket, Optional<Duration> watchdog, Calls calls) {
    this.socket = socket;
    this.watchdog = watchdog;
    this.calls = calls;
    this.timer =
        Executors.newSingleThreadScheduledExecutor(
            r -> Thread.ofPlatform().daemon().name("duende-watchdog").unstarted(r));
  }

  /** The one that started us, if it wants to hear. */
  static Optional<ServiceManager> find(Map<String, String> environment, long pid) {
    String socket = environment.getOrDefault("NOTIFY_SOCKET", "");
    boolean known = socket.startsWith("/") || socket.startsWith("@");
    if (!known || socket.getBytes(StandardCharsets.UTF_8).length >= SUN_PATH) {
      return Optional.empty();
    }
    try {
      return Optional.of(new ServiceManager(socket, watchdog(environment, pid), bind()));
    } catch (IllegalArgumentException | UnsatisfiedLinkError e) {
      LOG.log(Level.WARNING, "the service manager cannot be told anything", e);
      return Optional.empty();
    }
  }

  /** sd_watchdog_enabled(3): microseconds, meant for us where the pid is ours or none is named. */
  static Optional<Duration> watchdog(Map<String, String> environment, long pid) {
    String micros = environment.getOrDefault("WATCHDOG_USEC", "");
    String whom = environment.getOrDefault("WATCHDOG_PID", "");
    if (!micros.matches("[1-9][0-9]{0,17}") || !(whom.isEmpty() || whom.equals("" + pid))) {
      return Optional.empty();
    }
    return Optional.of(Duration.ofNanos(Math.multiplyExact(Long.parseLong(micros), 1000L)));
  }

  private static Calls bind() {
    Linker linker = Linker.nativeLinker();
    SymbolLookup libc = linker.defaultLookup();
    ValueLayout.OfInt i = ValueLayout.JAVA_INT;
    ValueLayout.OfLong l = ValueLayout.JAVA_LONG;
    return new Calls(
        linker.downcallHandle(libc.findOrThrow("socket"), FunctionDescriptor.of(i, i, i, i)),
        linker.downcallHandle(
            libc.findOrThrow("sendto"),
            FunctionDescriptor.of(l, i, ValueLayout.ADDRESS, l, i, ValueLayout.ADDRESS, i)),
        linker.downcallHandle(libc.findOrThrow("close"), FunctionDescriptor.of(i, i)));
  }

  /** The container supervises from now on. */
  void ready(String status) {
    say("READY=1\nSTATUS=" + status);
  }

  /**
   * Feeds the watchdog, twice in each of its intervals, for as long as the container is alive.
   *
   * @param alive asked each time; may take its time: what does not answer is not alive
   */
  void feed(BooleanSupplier alive) {
    watchdog.ifPresent(
        interval -> {
          long half = interval.toNanos() / 2;
          var _ =
              timer.scheduleWithFixedDelay(
                  () -> {
                    if (alive.getAsBoolean()) {
                      say("WATCHDOG=1");
                    } else {
                      LOG.severe("the container does not answer: its watchdog is not fed");
                    }
                  },
                  0,
                  half,
                  TimeUnit.NANOSECONDS);
        });
  }

  /** It stops, because somebody asked. */
  void stopping() {
    say("STOPPING=1\nSTATUS=stopping");
  }

  private void say(String text) {
    byte[] name = socket.getBytes(StandardCharsets.UTF_8);
    byte[] message = text.getBytes(StandardCharsets.UTF_8);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(2 + SUN_PATH, 2);
      address.set(ValueLayout.JAVA_SHORT, 0, AF_UNIX);
      MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, 2, name.length);
      // unix(7): an abstract name begins with a zero byte and is as long as the address says.
      boolean isAbstract = name[0] == '@';
      if (isAbstract) {
        address.set(ValueLayout.JAVA_BYTE, 2, (byte) 0);
      }
      int length = 2 + name.length + (isAbstract ? 0 : 1);
      int fd = (int) calls.socket().invokeExact((int) AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      if (fd < 0) {
        throw new IllegalStateException("no descriptor for a socket");
      }
      try {
        long sent =
            (long)
                calls
                    .sendto()
                    .invokeExact(
                        fd,
                        arena.allocateFrom(ValueLayout.JAVA_BYTE, message),
                        (long) message.length,
                        MSG_NOSIGNAL,
                        address,
                        length);
        if (sent < 0) {
          throw new IllegalStateException(socket + " takes nothing");
        }
      } finally {
        int _ = (int) calls.close().invokeExact(fd);
      }
    } catch (Throwable e) {
      // Method handles throw whatever they like. Nobody is served worse because a word was lost.
      LOG.log(Level.WARNING, "the service manager was not told: " + e.getMessage());
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
