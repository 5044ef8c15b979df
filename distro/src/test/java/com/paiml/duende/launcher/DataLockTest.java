package com.paiml.duende.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataLockTest {
  @TempDir Path folder;

  @Test
  void givenAFreeFolder_thenTheFileNamesTheHolderUntilItIsGivenFree() throws Exception {
    Path file = folder.resolve("container.lock");
    long pid = ProcessHandle.current().pid();
    try (DataLock lock = DataLock.take(file)) {
      assertEquals(pid + "\n", Files.readString(file));
      lock.ready();
      assertEquals(pid + " ready\n", Files.readString(file));
    }
    assertEquals("", Files.readString(file));
  }

  @Test
  void givenAHolder_whenAnotherComes_thenItIsRefusedWithTheHoldersPid() throws Exception {
    Path file = folder.resolve("container.lock");
    try (DataLock lock = DataLock.take(file)) {
      lock.ready();
      var fault = assertThrows(LauncherException.class, () -> DataLock.take(file));
      assertTrue(
          fault
              .getMessage()
              .startsWith("another Duende (pid " + ProcessHandle.current().pid() + ")"),
          fault.getMessage());
    }
  }

  @Test
  void givenTheRemainsOfAKilledContainer_thenTheyAreOverwritten() throws Exception {
    Path file = folder.resolve("container.lock");
    Files.writeString(file, "999999999 ready\n");
    try (DataLock lock = DataLock.take(file)) {
      assertEquals(ProcessHandle.current().pid() + "\n", Files.readString(file));
      assertTrue(lock != null);
    }
  }
}
