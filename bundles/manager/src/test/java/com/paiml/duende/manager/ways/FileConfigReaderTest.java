package com.paiml.duende.manager.ways;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.What;
import com.paiml.duende.manager.file.DaemonFileReader;
import com.paiml.duende.manager.file.LocalFiles;
import java.util.List;
import java.util.Map;
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

  @Test
  void a_name_that_is_none_is_refused_in_a_file_among_properties_and_in_a_call() throws Exception {
    for (String name :
        List.of(
            "../web",
            "..",
            "a/b",
            "a\\b",
            "a\0b",
            "a\nb",
            "a b",
            "a.b",
            "*)(service.pid=*",
            "%n",
            "x".repeat(65),
            "x".repeat(300),
            "")) {
      String escaped = name.replace("\\", "\\\\").replace("\0", "\\u0000").replace("\n", "\\n");
      ConfigException file =
          assertThrows(
              ConfigException.class,
              () -> reader.read(TEXT.replace("\"web\"", "\"" + escaped + "\""), "test"),
              name);
      assertEquals("name", file.faults().getFirst().key());
      // Of a service, or of an instance in Configuration Admin.
      ConfigException properties =
          assertThrows(
              ConfigException.class,
              () -> reader.read(Map.of("name", name, "binary_path", "/bin/sh"), "test"),
              name);
      assertEquals("name", properties.faults().getFirst().key());
      DaemonConfig called = DaemonConfig.builder(name).what(new What.Program("/bin/sh")).build();
      assertEquals("name", reader.check(called, "test").getFirst().key());
    }
  }
}
