package com.paiml.duende.manager.file;

import com.paiml.duende.manager.file.toml.TomlTable;
import com.paiml.duende.manager.file.toml.TomlValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A flat map as the tree that a file would be, with no places. Reads the forms of {@link
 * com.paiml.duende.api.ConfigProperties} and what people and tools write into Configuration Admin: any number type, lists as
 * collections or arrays.
 */
final class FlatTree {
  private static final int NOWHERE = -1;
  private static final int MAX_DEPTH = 32;

  private final Map<String, Object> map;

  private FlatTree(Map<String, Object> map) {
    this.map = map;
  }

  static TomlTable of(Map<String, ?> map) {
    Map<String, Object> own = new TreeMap<>(map);
    own.keySet().removeIf(FlatTree::isOfTheRegistry);
    return new FlatTree(own).tree();
  }

  private TomlTable tree() {
    TomlTable root = TomlTable.empty();
    map.forEach((key, value) -> put(root, key, value));
    return root;
  }

  /** Keys that the framework, Configuration Admin, SCR, File Install and we ourselves add. */
  static boolean isOfTheRegistry(String key) {
    return key.startsWith("duende.")
        || key.startsWith("service.")
        || key.startsWith("felix.")
        || key.startsWith("component.")
        || key.startsWith("objectClass")
        || key.startsWith(":")
        || key.startsWith(".");
  }

  private void put(TomlTable root, String key, Object value) {
    int mark = key.lastIndexOf(':');
    String path = mark < 0 ? key : key.substring(0, mark);
    String kind = mark < 0 ? "" : key.substring(mark + 1);
    if (inList(path)) {
      return;
    }
    String[] parts = path.split("\\.", -1);
    if (parts.length > MAX_DEPTH) {
      // No key is so deep: it will be unknown.
      root.set(path, NOWHERE, value(value));
      return;
    }
    TomlTable table = root;
    for (int i = 0; i < parts.length - 1; i++) {
      table = child(table, unescape(parts[i]));
    }
    String name = unescape(parts[parts.length - 1]);
    switch (kind) {
      case "table" -> {
        var _ = child(table, name);
      }
      case "list" -> table.set(name, NOWHERE, list(path, value));
      default -> table.set(name, NOWHERE, value(value));
    }
  }

  /** Elements of a list are taken with the list. */
  private boolean inList(String path) {
    for (int dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
      if (map.containsKey(path.substring(0, dot) + ":list")) {
        return true;
      }
    }
    return false;
  }

  private TomlValue list(String path, Object size) {
    List<TomlValue> elements = new ArrayList<>();
    long count = size instanceof Number n ? n.longValue() : 0;
    for (long i = 0; i < count; i++) {
      Optional<TomlValue> element = element(path + "." + i);
      if (element.isEmpty()) {
        break;
      }
      elements.add(element.get());
    }
    return new TomlValue.Sequence(NOWHERE, elements);
  }

  private Optional<TomlValue> element(String path) {
    Object plain = map.getOrDefault(path, map.get(path + ":duration"));
    if (plain != null) {
      return Optional.of(value(plain));
    }
    Object size = map.get(path + ":list");
    if (size != null && path.chars().filter(c -> c == '.').count() < MAX_DEPTH) {
      return Optional.of(list(path, size));
    }
    return map.containsKey(path + ":table") ? Optional.of(table(path)) : Optional.empty();
  }

  private TomlValue table(String path) {
    Map<String, Object> below = new TreeMap<>();
    map.forEach(
        (key, value) -> {
          if (key.startsWith(path + ".")) {
            below.put(key.substring(path.length() + 1), value);
          }
        });
    return new TomlValue.Table(NOWHERE, new FlatTree(below).tree());
  }

  private static TomlTable child(TomlTable parent, String name) {
    if (parent.get(name).orElse(null) instanceof TomlValue.Table t) {
      return t.entries();
    }
    TomlTable made = TomlTable.empty();
    parent.set(name, NOWHERE, new TomlValue.Table(NOWHERE, made));
    return made;
  }

  private static TomlValue value(Object value) {
    return switch (value) {
      case String s -> new TomlValue.Text(NOWHERE, s);
      case Boolean b -> new TomlValue.Truth(NOWHERE, b);
      case Double d -> new TomlValue.Real(NOWHERE, d);
      case Float f -> new TomlValue.Real(NOWHERE, f);
      case Number n -> new TomlValue.Whole(NOWHERE, n.longValue());
      case Object[] a -> sequence(Arrays.asList(a));
      case Collection<?> c -> sequence(c);
      default -> new TomlValue.Text(NOWHERE, value.toString());
    };
  }

  private static TomlValue sequence(Collection<?> values) {
    return new TomlValue.Sequence(NOWHERE, values.stream().map(FlatTree::value).toList());
  }

  private static String unescape(String name) {
    return name.replace("%3A", ":").replace("%2E", ".").replace("%25", "%");
  }
}
