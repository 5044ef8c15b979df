package com.paiml.duende.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ConfigPropertiesTest {

  @Test
  void any_configuration_comes_back_equal_from_its_map() throws Exception {
    for (int seed = 0; seed < 3000; seed++) {
      DaemonConfig config = (DaemonConfig) new Any(seed).of(DaemonConfig.class);
      Map<String, Object> map = ConfigProperties.toMap(config);
      assertEquals(config, ConfigProperties.fromMap(map), "seed " + seed);
    }
  }

  @Test
  void a_map_holds_only_what_configuration_admin_takes() throws Exception {
    Set<Class<?>> allowed =
        Set.of(String.class, Long.class, Double.class, Boolean.class, String[].class);
    for (int seed = 0; seed < 300; seed++) {
      DaemonConfig config = (DaemonConfig) new Any(seed).of(DaemonConfig.class);
      ConfigProperties.toMap(config)
          .forEach((k, v) -> assertTrue(allowed.contains(v.getClass()), k + " is " + v.getClass()));
    }
  }

  @Test
  void what_nobody_wrote_and_has_its_default_is_left_out() {
    DaemonConfig config = DaemonConfig.builder("web").what(new What.Program("/bin/web")).build();
    assertEquals(
        Set.of("name", "binary_path", ConfigProperties.WRITTEN),
        ConfigProperties.toMap(config).keySet());
  }

  @Test
  void a_default_that_somebody_wrote_stays_written() throws Exception {
    DaemonConfig config =
        DaemonConfig.builder("web").written(Set.of("resources.memory", "restart")).build();
    Map<String, Object> map = ConfigProperties.toMap(config);
    assertEquals(536_870_912L, map.get("resources.memory"));
    assertEquals("on-failure", map.get("restart"));
    assertTrue(ConfigProperties.fromMap(map).isWritten("resources.memory"));
  }

  @Test
  void a_map_without_the_list_of_written_keys_counts_all_of_them_as_written() throws Exception {
    DaemonConfig config = ConfigProperties.fromMap(Map.of("name", "x", "resources.pids", 7L));
    assertTrue(config.isWritten("resources.pids"));
    assertFalse(config.isWritten("resources.memory"));
    assertTrue(config.isWritten("resources"), "a table, when one of its keys is");
    assertFalse(config.isWritten("resources.pid"));
  }

  @Test
  void every_fault_of_a_map_is_named() {
    Map<String, Object> map = new HashMap<>();
    map.put("instances", "two");
    map.put("restart", "sometimes");
    map.put("exit.success", new String[] {"x"});
    map.put("no_such_key", 1L);
    ConfigException e = assertThrows(ConfigException.class, () -> ConfigProperties.fromMap(map));
    assertEquals(
        Set.of("name", "instances", "restart", "exit.success", "no_such_key"),
        Set.copyOf(e.faults().stream().map(ConfigFault::key).toList()));
  }

  @Test
  void properties_of_the_service_registry_are_passed_over() throws Exception {
    DaemonConfig config =
        ConfigProperties.fromMap(
            Map.of("name", "x", "service.pid", "com.paiml.duende.daemon~x", "duende.origin", "y"));
    assertEquals("x", config.name());
  }

  @Test
  void a_table_nested_without_end_is_a_fault() {
    Map<String, Object> map = new HashMap<>();
    map.put("name", "x");
    String key = "p";
    for (int i = 0; i < 100; i++) {
      map.put(key + ":table", new String[] {"a"});
      key += ".a";
    }
    assertThrows(ConfigException.class, () -> ConfigProperties.fromMap(map));
  }

  /** A value of any type that occurs in a configuration: a component that is added is generated without more ado. */
  private static final class Any {
    private final Random random;

    Any(long seed) {
      random = new Random(seed);
    }

    Object of(Type type) throws Exception {
      if (type instanceof ParameterizedType p) {
        Type first = p.getActualTypeArguments()[0];
        if (p.getRawType() == Optional.class) {
          return random.nextBoolean() ? Optional.empty() : Optional.of(of(first));
        }
        List<Object> list = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
          list.add(p.getRawType() == Map.class ? "" : of(first));
        }
        if (p.getRawType() == Map.class) {
          Map<String, Map<String, Object>> tables = new LinkedHashMap<>();
          list.forEach(x -> tables.put("t" + word(), table(0)));
          return tables;
        }
        return p.getRawType() == Set.class ? new HashSet<>(list) : list;
      }
      Class<?> c = (Class<?>) type;
      if (c == String.class) {
        return random.nextInt(4) == 0 ? "" : word();
      } else if (c == int.class || c == Integer.class) {
        return random.nextInt(512);
      } else if (c == long.class) {
        return random.nextBoolean() ? random.nextInt(5) : random.nextLong() >>> 1;
      } else if (c == double.class) {
        return random.nextInt(3) == 0 ? 0d : random.nextDouble() * 1000;
      } else if (c == boolean.class) {
        return random.nextBoolean();
      } else if (c == Duration.class) {
        return duration();
      } else if (c == ExitMatch.class) {
        int from = 1 + random.nextInt(60);
        return new ExitMatch(random.nextBoolean(), from, from + random.nextInt(4));
      } else if (c.isEnum()) {
        return c.getEnumConstants()[random.nextInt(c.getEnumConstants().length)];
      } else if (c.isSealed()) {
        return of(c.getPermittedSubclasses()[random.nextInt(c.getPermittedSubclasses().length)]);
      } else if (c == DaemonConfig.class) {
        return ((DaemonConfig) record(c)).toBuilder().name("n" + word()).build();
      }
      return record(c);
    }

    private Object record(Class<?> c) throws Exception {
      RecordComponent[] components = c.getRecordComponents();
      Class<?>[] types = new Class<?>[components.length];
      Object[] values = new Object[components.length];
      for (int i = 0; i < components.length; i++) {
        types[i] = components[i].getType();
        values[i] = of(components[i].getGenericType());
      }
      Constructor<?> constructor = c.getDeclaredConstructor(types);
      return constructor.newInstance(values);
    }

    private Map<String, Object> table(int depth) {
      Map<String, Object> table = new LinkedHashMap<>();
      for (int i = random.nextInt(4); i > 0; i--) {
        table.put(word(), tableValue(depth));
      }
      return table;
    }

    private Object tableValue(int depth) {
      return switch (random.nextInt(depth > 3 ? 6 : 8)) {
        case 0 -> word();
        case 1 -> random.nextLong();
        case 2 -> random.nextDouble();
        case 3 -> random.nextBoolean();
        case 4 -> List.of(word(), word());
        case 5 -> duration();
        case 6 -> List.of(tableValue(depth + 1), 1L, table(depth + 1));
        default -> table(depth + 1);
      };
    }

    private Duration duration() {
      return switch (random.nextInt(4)) {
        case 0 -> Duration.ZERO;
        case 1 -> Duration.ofSeconds(random.nextInt(100_000));
        case 2 -> Duration.ofMillis(random.nextInt(1 << 30));
        default -> Duration.ofSeconds(random.nextInt(1 << 30), random.nextInt(1_000_000_000));
      };
    }

    private String word() {
      String alphabet = "abzAZ09-_.:%,=\\\" \n\u00e9\u4e2d";
      StringBuilder s = new StringBuilder();
      for (int i = 1 + random.nextInt(8); i > 0; i--) {
        s.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      return s.toString();
    }
  }
}
