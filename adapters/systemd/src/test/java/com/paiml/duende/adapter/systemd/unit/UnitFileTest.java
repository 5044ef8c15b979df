package com.paiml.duende.adapter.systemd.unit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Text of daemon files stays the value of the setting in which it was written. */
class UnitFileTest {
  private static final String HOSTILE = "x\nExecStartPre=/bin/evil";

  private static String write(String name, Setting.Value value) throws DaemonException {
    return UnitFile.of("0123abcd", List.of(new Setting(name, value)), true, false);
  }

  @Test
  void a_line_break_where_one_value_stands_is_refused_by_the_name_of_the_setting() {
    for (Setting setting :
        List.of(
            new Setting("WorkingDirectory", new Setting.Text(HOSTILE)),
            new Setting("User", new Setting.Text("nobody\rUser=root")),
            new Setting("StandardOutputFile", new Setting.Text("/log\0")),
            new Setting("SystemCallFilter", new Setting.Filter(true, List.of(HOSTILE))),
            new Setting("CapabilityBoundingSet", new Setting.Capabilities(0, List.of(HOSTILE))),
            new Setting("Foo\nExecStart", new Setting.Flag(true)))) {
      DaemonException refused =
          assertThrows(
              DaemonException.class, () -> write(setting.name(), setting.value()), setting.name());
      assertEquals(ErrorCode.CONFIGURATION, refused.code());
      assertTrue(refused.getMessage().lines().count() == 1, refused.getMessage());
    }
  }

  @Test
  void a_line_break_in_words_variables_and_arguments_begins_no_setting() throws Exception {
    for (Setting.Value value :
        List.of(
            new Setting.Words(List.of(HOSTILE)),
            new Setting.Variables(List.of("TOKEN=" + HOSTILE, "Q=\"%h\\\n[Service]")),
            new Setting.Command("/bin/sh", List.of("sh", "-c", HOSTILE, "\\", "\"", "$(id) %n")),
            new Setting.Binds(List.of(HOSTILE)))) {
      String text = write("Setting", value);
      assertTrue(
          text.lines().noneMatch(l -> l.startsWith("ExecStartPre") || l.endsWith("\\")), text);
      assertEquals(1, text.lines().filter("[Service]"::equals).count(), text);
      assertTrue(text.contains("\\x0a"), text);
    }
  }
}
