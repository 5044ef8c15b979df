package com.paiml.duende.manager.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.paiml.duende.api.ConfigException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTextTest {
  @TempDir Path folder;

  @Test
  void a_file_is_read_as_utf_8() throws Exception {
    Path file = Files.writeString(folder.resolve("a.toml"), "name = \"é\"\n");
    assertEquals("name = \"é\"\n", FileText.read(file));
  }

  @Test
  void what_is_no_file_is_one_clear_fault() throws Exception {
    Path loop = Files.createSymbolicLink(folder.resolve("loop"), folder.resolve("loop"));
    assertEquals(folder + ": is a folder; give a file", fault(folder));
    assertEquals(loop + ": is a loop of symbolic links; mend the links", fault(loop));
    Path none = folder.resolve("none");
    assertEquals(none + ": is not there; mend the path", fault(none));
    assertEquals(
        "/dev/null: is a device, pipe or socket; give a plain file", fault(Path.of("/dev/null")));
  }

  @Test
  void a_file_of_ten_megabytes_is_refused_without_being_read() throws Exception {
    Path big = folder.resolve("big.toml");
    try (RandomAccessFile f = new RandomAccessFile(big.toFile(), "rw")) {
      f.setLength(10_000_000);
    }
    assertEquals(
        big
            + ": is longer than 1 MiB (10000000 bytes); a daemon file is a few lines; put data into"
            + " files of its own",
        fault(big));
  }

  @Test
  void bytes_that_are_not_utf_8_are_told_with_their_place() throws Exception {
    Path file = folder.resolve("latin1.toml");
    Files.write(
        file, "name = \"x\"\ndescription = \"caf\u00e9\"\n".getBytes(StandardCharsets.ISO_8859_1));
    assertEquals(
        file + ":2:19: is not UTF-8: byte 0xE9 at offset 29; save it as UTF-8", fault(file));
    Files.write(file, new byte[] {'a', (byte) 0xC3});
    assertEquals(file + ":1:2: is not UTF-8: byte 0xC3 at offset 1; save it as UTF-8", fault(file));
  }

  private static String fault(Path file) {
    return assertThrows(ConfigException.class, () -> FileText.read(file)).getMessage();
  }
}
