package com.paiml.duende.manager.file;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.ConfigProperties;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.Durations;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.api.Resources;
import com.paiml.duende.manager.file.toml.TomlDocument;
import com.paiml.duende.manager.file.toml.TomlParser;
import com.paiml.duende.manager.file.toml.TomlTable;
import com.paiml.duende.manager.file.toml.TomlTable.Entry;
import com.paiml.duende.manager.file.toml.TomlValue;
import com.paiml.duende.spi.TableSchema;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Makes configurations from texts and flat maps, or tells everything that is wrong with them at once. Holds no state; any
 * thread may call.
 */
public final class DaemonFileReader {
  /** The platforms that Duende itself brings: their tables may stand in a file where their adapter is not installed. */
  static final Set<String> OWN_PLATFORMS =
      Set.of("native", "systemd", "launchd", "container", "pepita", "wos");

  /** A longer text is not looked at. */
  public static final int MAX_LENGTH = 1 << 20;

  /** Those of which there may be one; {@code binary_path} may stand beside image and rootfs. */
  private static final List<String> WHAT = List.of("class", "image", "module", "rootfs", "service");

  private static final Duration DEFAULT_PERIOD = Duration.ofSeconds(5);

  private final Surroundings surroundings;
  private final LocalFiles files;

  /**
   * @param surroundings what is installed
   * @param files looks whether a program is there
   */
  public DaemonFileReader(Surroundings surroundings, LocalFiles files) {
    this.surroundings = surroundings;
    this.files = files;
  }

  /**
   * Reads a daemon file.
   *
   * @param origin named in faults
   * @throws ConfigException with every fault
   */
  public DaemonConfig read(String text, String origin) throws ConfigException {
    TomlDocument document = document(text, origin);
    Faults faults = new Faults(origin, document);
    return unless(faults, config(document, Schema.DAEMON, Set.of(), faults));
  }

  /**
   * Reads a flat map: one that {@link ConfigProperties#toMap} made, or one that somebody wrote with the keys and values of the
   * daemon file.
   *
   * @throws ConfigException with every fault
   */
  public DaemonConfig read(Map<String, ?> map, String origin) throws ConfigException {
    TomlDocument document = flat(map);
    Faults faults = new Faults(origin, document);
    Set<String> written =
        map.get(ConfigProperties.WRITTEN) instanceof String[] keys ? Set.of(keys) : Set.of();
    return unless(faults, config(document, Schema.FLAT, written, faults));
  }

  /** Every fault of a configuration. */
  public List<ConfigFault> check(DaemonConfig config, String origin) {
    TomlDocument document = flat(ConfigProperties.toMap(config));
    Faults faults = new Faults(origin, document);
    var _ = config(document, Schema.FLAT, config.written(), faults);
    return faults.sorted();
  }

  /**
   * Reads a group file.
   *
   * @throws ConfigException with every fault
   */
  public GroupConfig readGroup(String text, String origin) throws ConfigException {
    TomlDocument document = document(text, origin);
    Faults faults = new Faults(origin, document);
    return unless(faults, group(document, faults));
  }

  /** Every fault of a group. */
  public List<ConfigFault> check(GroupConfig group, String origin) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", group.name());
    map.put("intensity", (long) group.intensity());
    map.put("period", Durations.format(group.period()));
    Faults faults = new Faults(origin, flat(map));
    var _ = group(flat(map), faults);
    return faults.sorted();
  }

  private static TomlDocument document(String text, String origin) throws ConfigException {
    if (text.length() > MAX_LENGTH) {
      throw new ConfigException(
          List.of(
              new ConfigFault(
                  origin,
                  0,
                  0,
                  "",
                  "is longer than 1 MiB",
                  "a daemon file is a few lines; put data into files of its own")));
    }
    return TomlParser.parse(text);
  }

  private static TomlDocument flat(Map<String, ?> map) {
    return new TomlDocument("", FlatTree.of(map), List.of());
  }

  private static <T> T unless(Faults faults, Optional<T> config) throws ConfigException {
    List<ConfigFault> all = faults.sorted();
    if (!all.isEmpty() || config.isEmpty()) {
      throw new ConfigException(all);
    }
    return config.get();
  }

  /** Empty only where there are faults; where it is there, it is as good as the faults allow. */
  private Optional<DaemonConfig> config(
      TomlDocument document, Schema schema, Set<String> given, Faults faults) {
    KeyWalk walk = new KeyWalk(schema, faults);
    walk.walk(document.root());
    Map<String, Object> values = walk.values();
    Set<String> written = new LinkedHashSet<>(values.keySet());
    required(document, "name", faults);
    what(document.root(), values, faults);
    defaults(values, written);
    beside(values, faults.origin());
    Map<String, Map<String, Object>> tables = tables(walk, values, faults);
    tables.forEach((t, keys) -> keys.keySet().forEach(k -> written.add(t + "." + k)));
    values.putIfAbsent("name", "nameless");
    values.put(
        ConfigProperties.WRITTEN, (given.isEmpty() ? written : given).toArray(String[]::new));
    try {
      DaemonConfig config = ConfigProperties.fromMap(values).toBuilder().tables(tables).build();
      new CrossChecks(config, faults).run(surroundings);
      files.check(config, faults);
      return Optional.of(config);
    } catch (ConfigException e) {
      // The schema lets something through that a configuration cannot hold.
      e.faults().forEach(f -> faults.add(f.key(), f.problem(), f.remedy()));
      return Optional.empty();
    }
  }

  private static void required(TomlDocument document, String key, Faults faults) {
    Optional<TomlValue> value = document.root().get(key);
    boolean empty =
        value.isPresent() && value.get() instanceof TomlValue.Text t && t.value().isEmpty();
    if (empty || (value.isEmpty() && !faults.inTheText())) {
      faults.add(key, empty ? "is empty" : "is missing", "write for example " + key + " = \"web\"");
    }
  }

  /** Exactly one key says what runs. */
  private static void what(TomlTable root, Map<String, Object> values, Faults faults) {
    List<String> there =
        WHAT.stream().filter(k -> root.entries().containsKey(k)).collect(Collectors.toList());
    boolean program = root.entries().containsKey("binary_path");
    if (there.size() > 1) {
      String second = there.get(1);
      values.keySet().removeAll(there.subList(1, there.size()));
      faults.add(
          second,
          "says what runs, and so does " + there.getFirst(),
          "keep one of binary_path, class, image, module, rootfs");
    } else if (program && there.stream().anyMatch(k -> !k.equals("image") && !k.equals("rootfs"))) {
      faults.add(
          "binary_path",
          "says what runs, and so does " + there.getFirst(),
          "keep one of binary_path, class, image, module, rootfs");
    } else if (there.isEmpty() && !program) {
      if (!faults.inTheText()) {
        faults.add(
            "binary_path",
            "is missing, and nothing else says what runs",
            "write one of binary_path, class, image, module, rootfs");
      }
    } else {
      // An empty rootfs is the built one, and beside it or an image no program need be named.
      String main = there.isEmpty() ? "binary_path" : there.getFirst();
      if ("".equals(values.get(main)) && !main.equals("rootfs")) {
        faults.add(main, "is empty", "say what runs");
      }
    }
    if (root.entries().containsKey("bundle") && !root.entries().containsKey("class")) {
      faults.add("bundle", "is the bundle of a class, and there is none", "write class too");
    }
  }

  /** Where a default depends on what else is written. */
  private static void defaults(Map<String, Object> values, Set<String> written) {
    for (String key : List.of("resources.memory", "resources.memory_swap")) {
      if (Long.valueOf(0).equals(values.get(key))) {
        values.remove(key);
        written.remove(key);
      }
    }
    if (values.get("resources.memory") instanceof Long memory
        && memory > Resources.DEFAULT.memorySwap()) {
      values.putIfAbsent("resources.memory_swap", memory);
    }
    if (values.keySet().stream().anyMatch(k -> k.startsWith("health_check."))) {
      values.putIfAbsent("health_check.enabled", true);
    }
    if (values.keySet().stream().anyMatch(k -> k.startsWith("sandbox.syscalls."))) {
      values.putIfAbsent("sandbox.syscalls.default", "allow");
    }
  }

  /** What a file names by a relative path lies beside the file. */
  private static void beside(Map<String, Object> values, String origin) {
    Path folder = origin.startsWith("/") ? Path.of(origin).getParent() : null;
    for (String key : List.of("working_dir", "module", "rootfs")) {
      if (folder != null && values.get(key) instanceof String path && !path.isEmpty()) {
        values.put(key, folder.resolve(path).normalize().toString());
      }
    }
  }

  private Map<String, Map<String, Object>> tables(
      KeyWalk walk, Map<String, Object> values, Faults faults) {
    String platform = String.valueOf(values.getOrDefault("platform", "native"));
    if (!faults.concern("platform") && surroundings.table(platform).isEmpty()) {
      noAdapter(platform, faults);
    }
    Map<String, Map<String, Object>> tables = new LinkedHashMap<>();
    walk.others()
        .forEach(
            (name, entry) -> {
              Optional<TableSchema> schema = surroundings.table(name);
              if (schema.isEmpty() && !OWN_PLATFORMS.contains(name) && !name.equals(platform)) {
                walk.unknown("", name, entry.keyAt());
              } else {
                faults.stands(name, entry.keyAt());
                table(name, entry, schema, faults).ifPresent(t -> tables.put(name, t));
              }
            });
    return tables;
  }

  private static Optional<Map<String, Object>> table(
      String name, Entry entry, Optional<TableSchema> schema, Faults faults) {
    if (!(entry.value() instanceof TomlValue.Table t)) {
      faults.add(
          name,
          entry.value().at(),
          "is " + entry.value().kind() + ", not a table",
          "write [" + name + "] and its keys below it");
      return Optional.empty();
    }
    PlatformTable table = new PlatformTable(name, faults);
    return Optional.of(
        schema
            .map(s -> table.checked(t.entries(), s))
            .orElseGet(() -> table.unchecked(t.entries())));
  }

  private void noAdapter(String platform, Faults faults) {
    Set<String> installed = new TreeSet<>(surroundings.platforms());
    Set<String> known = new TreeSet<>(OWN_PLATFORMS);
    known.addAll(installed);
    String remedy;
    if (known.contains(platform)) {
      remedy = "install the bundle com.paiml.duende.adapter." + platform;
    } else {
      remedy =
          Spelling.nearest(platform, known)
              .map(p -> "did you mean \"" + p + "\"?")
              .orElse("install the plug-in that brings it");
    }
    faults.add(
        "platform",
        "no adapter of the name \"" + Texts.shorten(platform) + "\" is installed",
        remedy + (installed.isEmpty() ? "" : " (installed: " + String.join(", ", installed) + ")"));
  }

  private static Optional<GroupConfig> group(TomlDocument document, Faults faults) {
    KeyWalk walk = new KeyWalk(Schema.GROUP, faults);
    walk.walk(document.root());
    walk.others().forEach((name, entry) -> walk.unknown("", name, entry.keyAt()));
    required(document, "name", faults);
    Map<String, Object> values = walk.values();
    if (!(values.get("name") instanceof String name)) {
      return Optional.empty();
    }
    String strategy = String.valueOf(values.getOrDefault("strategy", "one-for-one"));
    return Optional.of(
        new GroupConfig(
            name,
            GroupConfig.Strategy.valueOf(strategy.toUpperCase(Locale.ROOT).replace('-', '_')),
            values.get("intensity") instanceof Long l ? l.intValue() : 1,
            values.get("period") instanceof String p
                ? Durations.parse(p).orElse(DEFAULT_PERIOD)
                : DEFAULT_PERIOD,
            values.get("escalate") instanceof Boolean e ? e : true));
  }
}
