package com.paiml.duende.manager.file;

import com.paiml.duende.manager.file.toml.TomlTable;
import com.paiml.duende.manager.file.toml.TomlTable.Entry;
import com.paiml.duende.manager.file.toml.TomlValue;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Goes through a file by its schema: gives the values of known keys, and names unknown keys and wrong types. */
final class KeyWalk {
  private final Schema schema;
  private final Faults faults;
  private final Map<String, Object> values = new LinkedHashMap<>();
  private final Map<String, Entry> others = new LinkedHashMap<>();

  KeyWalk(Schema schema, Faults faults) {
    this.schema = schema;
    this.faults = faults;
  }

  void walk(TomlTable root) {
    walk("", root);
  }

  /** The good values by dotted key, as a flat map holds them. */
  Map<String, Object> values() {
    return values;
  }

  /** What the schema does not know at the top of the file: tables of platforms, or faults. */
  Map<String, Entry> others() {
    return others;
  }

  private void walk(String prefix, TomlTable table) {
    for (Map.Entry<String, Entry> e : table.entries().entrySet()) {
      String path = prefix.isEmpty() ? e.getKey() : prefix + "." + e.getKey();
      Entry entry = e.getValue();
      Optional<Key> key = e.getKey().contains(".") ? Optional.empty() : schema.key(path);
      if (key.isPresent()) {
        Read read = Values.read(key.get(), entry.value());
        faults.stands(path, entry.value().at());
        faults.addAll(path, entry.value().at(), read.problems());
        if (read.isGood()) {
          values.put(path, read.value());
        }
      } else if (schema.isTable(path) && !e.getKey().contains(".")) {
        table(path, entry);
      } else if (prefix.isEmpty()) {
        others.put(path, entry);
      } else {
        unknown(prefix, e.getKey(), entry.keyAt());
      }
    }
  }

  private void table(String path, Entry entry) {
    faults.stands(path, entry.keyAt());
    if (entry.value() instanceof TomlValue.Table t) {
      walk(path, t.entries());
    } else if (entry.value() instanceof TomlValue.Sequence) {
      faults.add(
          path, entry.keyAt(), "is a list of tables", "write [" + path + "] in single brackets");
    } else {
      faults.add(
          path,
          entry.value().at(),
          "is " + entry.value().kind() + ", not a table",
          "write [" + path + "] and its keys below it: " + String.join(", ", schema.namesIn(path)));
    }
  }

  /** Names a key that nobody knows, and the one that was perhaps meant. */
  void unknown(String table, String name, int at) {
    String path = table.isEmpty() ? name : table + "." + name;
    faults.add(Texts.shorten(path), at, "is unknown", remedy(table, name));
  }

  private String remedy(String table, String name) {
    Optional<String> here = Spelling.nearest(name, schema.namesIn(table));
    if (here.isPresent()) {
      return "did you mean \"" + here.get() + "\"?";
    }
    List<String> elsewhere =
        Spelling.nearest(name, schema.names()).map(schema::pathsOf).orElse(List.of());
    if (!elsewhere.isEmpty()) {
      return "did you mean \"" + String.join("\" or \"", elsewhere) + "\"?";
    }
    return table.isEmpty()
        ? "remove it; all keys are in the reference, docs/daemon-file.md"
        : "remove it; [" + table + "] has " + String.join(", ", schema.namesIn(table));
  }
}
