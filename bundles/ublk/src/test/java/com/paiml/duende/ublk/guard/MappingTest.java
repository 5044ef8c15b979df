package com.paiml.duende.ublk.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class MappingTest {
  @Test
  void what_the_kernel_writes_is_read() {
    List<Mapping> all =
        Mapping.parse(
            List.of(
                "7f3a38000000-7f3a38021000 rw-p 00000000 00:00 0 ",
                "Size:                132 kB",
                "Rss:                  20 kB",
                "VmFlags: rd wr mr mw me lo lf ",
                "7f3a38021000-7f3a3c000000 ---p 00000000 00:00 0 ",
                "Rss:                   0 kB",
                "7f3a40000000-7f3a41000000 r-xp 00001000 fd:00 42                         /opt/a"
                    + " jre/lib/server/libjvm.so",
                "Rss:               16384 kB",
                "7f3a50000000-7f3a60000000 rw-s 00000000 00:1a 7                         "
                    + " /dev/shm/duende-ublk-1",
                "Rss:                   4 kB",
                "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                 "
                    + " [vsyscall]",
                "Rss:                   0 kB"));
    assertEquals(
        List.of(
            new Mapping(0x7f3a38000000L, 132 << 10, true, true, "", 20 << 10),
            new Mapping(0x7f3a38021000L, 0x3fdf000, false, true, "", 0),
            new Mapping(
                0x7f3a40000000L, 16 << 20, true, true, "/opt/a jre/lib/server/libjvm.so", 16 << 20),
            new Mapping(0x7f3a50000000L, 256 << 20, true, false, "/dev/shm/duende-ublk-1", 4 << 10),
            new Mapping(0xffffffffff600000L, 4096, true, true, "[vsyscall]", 0)),
        all);
    assertEquals(List.of(all.get(0), all.get(2)), all.stream().filter(Mapping::isNeeded).toList());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void of_this_process_the_jvms_code_is_needed_and_its_classes_are_not() {
    List<Mapping> all = Mapping.all();
    assertTrue(
        all.stream().anyMatch(each -> each.path().endsWith("/libjvm.so") && each.isNeeded()));
    assertTrue(
        all.stream().noneMatch(each -> each.path().endsWith("/lib/modules") && each.isNeeded()));
  }
}
