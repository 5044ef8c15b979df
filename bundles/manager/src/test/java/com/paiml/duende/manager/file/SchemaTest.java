package com.paiml.duende.manager.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ConfigProperties;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.What;
import com.paiml.duende.manager.file.toml.TomlDocument;
import com.paiml.duende.manager.file.toml.TomlParser;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SchemaTest {

  static java.util.List<Key> keys() {
    return java.util.stream.Stream.concat(
            Schema.DAEMON.keys().stream(), Schema.GROUP.keys().stream())
        .toList();
  }

  @ParameterizedTest
  @MethodSource("keys")
  void the_example_of_a_key_is_valid(Key key) {
    TomlDocument d = TomlParser.parse("x = " + key.example());
    assertEquals(java.util.List.of(), d.faults());
    Read read = Values.read(key, d.root().get("x").orElseThrow());
    assertEquals(java.util.List.of(), read.problems());
    assertTrue(!key.doc().isEmpty() && key.doc().endsWith("."), key.doc());
  }

  @Test
  void the_defaults_of_the_reference_are_those_of_the_configuration() throws Exception {
    StringBuilder s = new StringBuilder("name = 'x'\nbinary_path = '/bin/sh'\n");
    Set<String> left = new HashSet<>();
    for (Key key : Schema.DAEMON.keys()) {
      if (key.defaultText().isEmpty()
          || key.path().equals("bundle")
          || key.path().startsWith("policy.breaker")
          || key.path().startsWith("sandbox.syscalls")
          || key.path().startsWith("sandbox.paths")) {
        left.add(key.path());
      } else {
        s.append(key.path()).append(" = ").append(key.defaultText()).append("\n");
      }
    }
    DaemonConfig read = new Here().reader().read(s.toString(), "defaults");
    DaemonConfig defaults = DaemonConfig.builder("x").what(new What.Program("/bin/sh")).build();
    assertEquals(defaults, read.toBuilder().written(Set.of()).build());
    assertEquals(
        Set.of(
            "name",
            "binary_path",
            "class",
            "bundle",
            "image",
            "module",
            "rootfs",
            "watchdog.interval",
            "sandbox.capabilities",
            "sandbox.umask",
            "sandbox.syscalls.default",
            "sandbox.syscalls.allow",
            "sandbox.syscalls.deny",
            "sandbox.syscalls.action",
            "sandbox.paths.read",
            "sandbox.paths.write",
            "policy.breaker.failures",
            "policy.breaker.timeout",
            "policy.breaker.successes",
            "policy.breaker.half_open"),
        left);
    // And of those that make their table exist.
    DaemonConfig breaker =
        new Here()
            .reader()
            .read("name = 'x'\nbinary_path = '/bin/sh'\npolicy.breaker.failures = 5\n", "x");
    assertEquals(
        com.paiml.duende.api.PolicyConfig.Breaker.DEFAULT,
        breaker.policy().breaker().orElseThrow());
  }

  @Test
  void a_map_of_a_configuration_has_no_key_that_the_schema_lacks() throws Exception {
    DaemonConfig whole = new Here().reader().read(DaemonFileFuzzTest.wholeFile(), "x");
    for (String key : ConfigProperties.toMap(whole).keySet()) {
      assertTrue(
          Schema.FLAT.key(key).isPresent()
              || key.equals(ConfigProperties.WRITTEN)
              || key.startsWith("native")
              || key.startsWith("systemd"),
          key);
    }
  }
}
