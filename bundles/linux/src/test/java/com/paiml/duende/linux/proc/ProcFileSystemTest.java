package com.paiml.duende.linux.proc;

import static com.paiml.duende.linux.Children.kill;
import static com.paiml.duende.linux.Children.shell;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.linux.Await;
import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.Spawner;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProcFileSystemTest {
  private Linux linux;
  private ProcFileSystem proc;

  @BeforeEach
  void open() {
    linux = Here.linux();
    proc = linux.proc();
  }

  @Test
  void ourOwnStatAndStatusAgreeWithTheJvm() throws Exception {
    int self = (int) ProcessHandle.current().pid();
    ProcessStat stat = proc.stat(self).orElseThrow();
    assertEquals(self, stat.pid());
    assertEquals(
        ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L), stat.parent());
    assertTrue(stat.threads() > 5);
    ProcessStatus status = proc.status(self).orElseThrow();
    assertEquals(Integer.toString(self), status.field("Pid").orElseThrow());
    assertTrue(status.bytes("VmRSS").orElseThrow() > 1 << 20);
    assertTrue(status.mask("SigBlk").isPresent());
    assertTrue(proc.pids().contains(self));
  }

  @Test
  void aNameWithParenthesesAndSpacesIsReadWhole() {
    String line =
        "42 (a) (b c) R 7 42 42 0 -1 4194304 11 0 12 0 13 14 0 0 20 5 3 0 999 4096 8"
            + " 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0";
    ProcessStat stat = ProcessStat.parse(line);
    assertEquals("a) (b c", stat.name());
    assertEquals('R', stat.state());
    assertEquals(7, stat.parent());
    assertEquals(999, stat.startTime());
    assertEquals(3, stat.threads());
    assertEquals(1, stat.processor());
    assertThrows(IllegalArgumentException.class, () -> ProcessStat.parse("nothing"));
  }

  @Test
  void whatIsGoneIsEmpty() throws Exception {
    assertTrue(proc.stat(Integer.MAX_VALUE).isEmpty());
    assertTrue(proc.status(Integer.MAX_VALUE).isEmpty());
  }

  @Test
  void f059DescendantsAreFoundOverGenerations() throws Exception {
    try (Spawner spawner = linux.spawner();
        Pidfd child = spawner.spawn(shell("sh -c 'sleep 1000 & wait' & wait"))) {
      Await.until("three generations", () -> proc.descendants(child.pid()).size() == 2);
      List<Integer> below = proc.descendants(child.pid());
      assertEquals(child.pid(), proc.stat(below.get(0)).orElseThrow().parent());
      assertEquals(below.get(0), proc.stat(below.get(1)).orElseThrow().parent());
      kill(child);
    }
  }
}
