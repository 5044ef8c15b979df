package com.paiml.duende.linux.event;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.linux.Await;
import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a kernel without any virtual machine shows; adapters/pepita speaks with real ones in a guest. */
class VsockConnectionTest {
  private Linux linux;

  @BeforeEach
  void open() {
    linux = Here.linux();
  }

  @Test
  void aMachineThatNobodyServesIsRefusedWithTheKernelsError() throws Exception {
    LinuxException e =
        assertThrows(
            LinuxException.class,
            () -> {
              try (VsockConnection connection = linux.vsock(0x7fff_fff0L, 5000)) {
                Await.until("it has failed", () -> hasFailed(connection));
                connection.finish();
                throw new AssertionError("it is there");
              }
            });
    assertTrue(
        Set.of("EAFNOSUPPORT", "ENODEV", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH")
            .contains(e.errno()),
        e.getMessage());
  }

  private boolean hasFailed(VsockConnection connection) throws Exception {
    try (EventLoop loop = linux.eventLoop("test", (what, fault) -> {})) {
      AtomicInteger seen = new AtomicInteger();
      try (Watch _ =
          loop.watch("vsock", connection.descriptor(), Readiness.OUT, r -> seen.set(r.bits()))) {
        Await.until("something is told of it", () -> seen.get() != 0);
      }
      return true;
    }
  }

  @Test
  void whatAWatchWaitsForCanBeChanged() throws Exception {
    try (EventLoop loop = linux.eventLoop("test", (what, fault) -> {});
        Wakeup wakeup = linux.wakeup()) {
      AtomicInteger writable = new AtomicInteger();
      try (Watch watch =
          loop.watch(
              "counter",
              wakeup.descriptor(),
              Readiness.IN,
              r -> {
                if (r.writable()) {
                  int _ = writable.incrementAndGet();
                }
              })) {
        assertFalse(writable.get() > 0);
        loop.change(watch, Readiness.IN | Readiness.OUT);
        Await.until("it is told that there is room", () -> writable.get() > 0);
        loop.change(watch, 0);
      }
    }
  }
}
