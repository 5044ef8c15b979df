package com.paiml.duende.adapter.pepita.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.pepita.channel.Address;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whether the host kernel's own vsock is taken is found by trying to open its device. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HostVsockTest {
  private static final Optional<Path> PROGRAM = Optional.of(Path.of("/bin/qemu"));

  @TempDir Path folder;

  private QemuMonitor monitor() {
    return QemuMonitor.withHostVsock(
        PROGRAM, new HostVsock(folder.resolve("vhost-vsock"), folder.resolve("mode")));
  }

  @Test
  void without_the_device_it_is_not_taken_and_says_so() {
    QemuMonitor monitor = monitor();
    assertEquals(Optional.empty(), monitor.program());
    assertEquals(Optional.of("there is no " + folder.resolve("vhost-vsock")), monitor.hindrance());
    assertTrue(monitor.remedy().contains("vhost_vsock"), monitor.remedy());
    assertTrue(monitor.remedy().contains("channel = \"serial\""), monitor.remedy());
  }

  @Test
  void a_device_that_cannot_be_opened_is_as_none() throws Exception {
    Files.createDirectory(folder.resolve("vhost-vsock"));
    QemuMonitor monitor = monitor();
    assertEquals(Optional.empty(), monitor.program());
    assertTrue(monitor.hindrance().orElse("").contains("cannot be opened"));
  }

  @Test
  void with_the_device_it_is_taken_as_soon_as_it_is_there() throws Exception {
    QemuMonitor monitor = monitor();
    assertEquals(Optional.empty(), monitor.program());
    Files.createFile(folder.resolve("vhost-vsock"));
    assertEquals(PROGRAM, monitor.program());
    Files.writeString(folder.resolve("mode"), "global\n");
    assertEquals(PROGRAM, monitor.program());
    Files.writeString(folder.resolve("mode"), "local\n");
    assertEquals(Optional.empty(), monitor.program(), "a jailed monitor could not be reached");
  }

  @Test
  void qemu_is_told_the_context_id_and_nothing_of_another_program() {
    QemuMonitor monitor = monitor();
    VmPlan plan =
        new VmPlan(
            "duende-vm-x",
            folder,
            "q35",
            folder.resolve("vmlinux"),
            folder.resolve("initrd"),
            List.of("vsock"),
            256L << 20,
            1,
            List.of(),
            false,
            List.of(),
            7,
            false,
            Jail.NONE);
    List<String> words = monitor.arguments(plan);
    assertTrue(words.contains("vhost-vsock-pci,guest-cid=7"), words::toString);
    assertFalse(words.toString().contains("virtserialport"), words::toString);
    assertFalse(words.toString().contains("memory-backend"), words::toString);
    assertTrue(words.toString().contains("duende.vsock=5000"), words::toString);
    assertEquals(List.of(), monitor.companion(plan));
    assertEquals(new Address.Vsock(7, 5000), monitor.address(plan));
    assertEquals("vsock", monitor.channel());
    assertEquals("vhost-vsock", monitor.carrier());
    assertEquals("vhost-device-vsock", QemuMonitor.withVsock().carrier());
    assertEquals("serial", new QemuMonitor().carrier());
  }

  @Test
  void only_its_own_words_of_a_context_id_in_use_mean_that() {
    String words =
        "qemu-system-x86_64: -device vhost-vsock-pci,guest-cid=3: vhost-vsock: unable to set guest"
            + " cid: Address already in use";
    assertTrue(monitor().refusesCid(words));
    assertFalse(monitor().refusesCid(words.replace("Address already in use", "No such device")));
    assertFalse(new QemuMonitor().refusesCid(words));
  }
}
