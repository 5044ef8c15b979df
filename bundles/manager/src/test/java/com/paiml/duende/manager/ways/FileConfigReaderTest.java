package com.paiml.duende.manager.ways;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.manager.file.DaemonFileReader;
import com.paiml.duende.manager.file.LocalFiles;
import java.util.List;
import org.junit.jupiter.api.Test;

class FileConfigReaderTest {
  private static final String TEXT =
      """
      name = "web"
      binary_path = "/bin/sh"
      """;

  private final FileConfigReader reader =
      new FileConfigReader(new DaemonFileReader(new Anywhere(), new LocalFiles("/bin")));

  @Test
  void what_was_just_read_has_no_fault_and_what_was_changed_since_is_looked_at() throws Exception {
    DaemonConfig read = reader.read(TEXT, "test");

    assertEquals(List.of(), reader.check(read, "test"));
    assertEquals(
        List.of("name"),
        reader.check(read.toBuilder().name("../web").build(), "test").stream()
            .map(fault -> fault.key())
            .toList());
  }

  @Test
  void one_that_was_read_long_ago_is_looked_at_again_and_is_as_good() throws Exception {
    DaemonConfig first = reader.read(TEXT, "test");
    for (int i = 0; i < 100; i++) {
      var _ = reader.read(TEXT.replace("web", "web" + i), "test");
    }

    assertEquals(List.of(), reader.check(first, "test"));
  }
}
