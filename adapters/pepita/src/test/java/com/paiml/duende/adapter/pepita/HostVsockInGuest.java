package com.paiml.duende.adapter.pepita;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.pepita.monitor.QemuMonitor;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.kernel.SystemCalls;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.Recovery;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** Runs in a guest with {@code /dev/vhost-vsock}, and a machine in that. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HostVsockInGuest {
  private static final int MESSAGES = 10;
  private static final int MESSAGE = 60_000;
  private static final int FILE = 1 << 20;

  // asm/unistd_64.h, fcntl.h, linux/vhost.h
  private static final int OPENAT = 257;
  private static final int IOCTL = 16;
  private static final int AT_FDCWD = -100;
  private static final int O_RDWR_CLOEXEC = 02000002;
  private static final long VHOST_VSOCK_SET_GUEST_CID = 0x4008_AF60L;

  @Test
  void messages_pass_whole_though_another_has_the_first_id_and_after_a_recovery() throws Exception {
    QemuMonitor monitor = QemuMonitor.withHostVsock();
    assertEquals(java.util.Optional.empty(), monitor.hindrance());
    try (Lab lab = new Lab(monitor);
        Descriptor _ = foreign(3)) {
      byte[] content = random(FILE, 2);
      Path file = Files.write(lab.folder.resolve("message"), content);
      LaunchSpec spec =
          lab.spec(
              new Payload.Program("/bin/sh"),
              List.of(
                  "-c",
                  "trap 'exit 3' TERM; base64 /data/message; echo; echo up;"
                      + " while :; do sleep 0.1; done"),
              Map.of("channel", "vsock", "files", List.of(file + ":/data/message")),
              b -> b);
      said("starts");
      DaemonHandle handle = lab.start(spec);
      said("runs");
      Vms.Vm vm = lab.adapter().all().getFirst();
      assertEquals(4, vm.cid(), "3 is another's");
      assertEquals("vhost-vsock, vsock 4:5000", vm.details().get("channel"));
      assertTrue(vm.details().get("jail").contains("no network"), vm.details().get("jail"));
      echo(vm);
      said("has echoed");
      com.paiml.duende.testkit.Await.until(
          "all that it prints is here", Lab.PATIENCE, () -> lab.log(handle).contains("up"));
      List<String> lines = lab.log(handle);
      assertArrayEquals(
          content,
          Base64.getMimeDecoder().decode(String.join("\n", lines.subList(0, lines.indexOf("up")))),
          "what went in as a file and came back as output");
      said("has sent it back");
      assertInstanceOf(
          Recovery.Running.class,
          lab.reopen().recover(handle, spec, new Lab.Events(), Lab.deadline()));
      echo(lab.adapter().all().getFirst());
      said("is recovered");
      lab.adapter().stop(handle, Signal.TERM, Lab.PATIENCE);
      assertEquals(new ExitReason.Failure(3, ""), lab.end(handle));
      lab.adapter().destroy(handle, Lab.deadline());
      assertEquals(List.of(), lab.leftovers(spec));
    }
  }

  @Test
  void a_machine_that_is_not_there_is_refused_at_once() throws Exception {
    LinuxException e = assertThrows(LinuxException.class, () -> linux().vsock(77, 5000).close());
    assertEquals("ENODEV", e.errno());
  }

  private static void echo(Vms.Vm vm) throws Exception {
    for (int i = 0; i < MESSAGES; i++) {
      byte[] message = random(MESSAGE, i);
      assertArrayEquals(message, vm.echo(message, Lab.deadline()));
    }
  }

  private static byte[] random(int size, long seed) {
    byte[] bytes = new byte[size];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static void said(String what) {
    System.out.println(Duration.ofNanos(System.nanoTime()) + ": it " + what);
  }

  private static Linux linux() {
    return ((Linux.Here) Linux.detect()).linux();
  }

  /** Takes a context id, as a machine does that is not one of ours. */
  private static Descriptor foreign(long cid) throws Exception {
    SystemCalls calls = linux().rawCalls();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom("/dev/vhost-vsock", StandardCharsets.US_ASCII);
      long fd = calls.call(OPENAT, AT_FDCWD, path.address(), O_RDWR_CLOEXEC, 0, 0, 0);
      assertTrue(fd >= 0, () -> "open: " + fd);
      Descriptor descriptor = calls.adopt((int) fd);
      MemorySegment wanted = arena.allocateFrom(ValueLayout.JAVA_LONG, cid);
      assertEquals(0, calls.call(IOCTL, fd, VHOST_VSOCK_SET_GUEST_CID, wanted.address(), 0, 0, 0));
      return descriptor;
    }
  }
}
