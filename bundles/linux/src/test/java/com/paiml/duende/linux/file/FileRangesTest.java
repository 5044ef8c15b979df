package com.paiml.duende.linux.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileRangesTest {
  private final FileRanges ranges = Here.linux().fileRanges();
  @TempDir Path folder;

  private Path file(int blocks, int block) throws Exception {
    byte[] bytes = new byte[blocks * block];
    for (int i = 0; i < blocks; i++) {
      Arrays.fill(bytes, i * block, (i + 1) * block, (byte) ('a' + i));
    }
    return Files.write(folder.resolve("file"), bytes);
  }

  @Test
  void givenAFile_whenItsHeadIsCollapsed_thenTheRestIsAtTheFront() throws Exception {
    int block = (int) Files.getFileStore(folder).getBlockSize();
    Path file = file(4, block);
    try {
      ranges.collapse(file, 2L * block);
    } catch (LinuxException refused) {
      Assumptions.abort("not on this file system: " + refused.getMessage());
    }
    byte[] left = Files.readAllBytes(file);
    assertEquals(2 * block, left.length);
    assertEquals('c', left[0]);
    assertEquals('d', left[block]);
    LinuxException odd = assertThrows(LinuxException.class, () -> ranges.collapse(file, 100));
    assertTrue(odd.is(Errno.EINVAL), odd.getMessage());
  }

  @Test
  void givenAFile_whenAHoleIsPunched_thenNothingMovesAndTheDataIsFoundAfterIt() throws Exception {
    int block = (int) Files.getFileStore(folder).getBlockSize();
    Path file = file(4, block);
    ranges.punch(file, 0, 2L * block);
    byte[] left = Files.readAllBytes(file);
    assertEquals(4 * block, left.length);
    assertEquals(0, left[2 * block - 1]);
    assertEquals('c', left[2 * block]);
    assertEquals(2L * block, ranges.firstData(file, 0).orElseThrow());
    ranges.punch(file, 0, 4L * block);
    assertTrue(ranges.firstData(file, 0).isEmpty());
  }
}
