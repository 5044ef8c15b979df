package com.paiml.duende.manager.file;

import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.manager.file.toml.TomlDocument;
import com.paiml.duende.manager.file.toml.TomlDocument.Place;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Collects what is wrong with one file, and knows where its keys stand. Not thread-safe. */
final class Faults {
  private static final int NOWHERE = -1;

  private final String origin;
  private final TomlDocument document;
  private final Map<String, Integer> places = new HashMap<>();
  private final Set<String> keys = new HashSet<>();
  private final List<ConfigFault> faults = new ArrayList<>();

  Faults(String origin, TomlDocument document) {
    this.origin = origin;
    this.document = document;
    for (TomlDocument.Fault f : document.faults()) {
      add("", f.at(), f.problem(), f.remedy());
    }
  }

  /** Notes where a key's value, or a table, stands. */
  void stands(String key, int at) {
    places.put(key, at);
  }

  /** A fault at a place of its own. */
  void add(String key, int at, String problem, String remedy) {
    Place place = at == NOWHERE ? Place.NONE : document.place(at);
    faults.add(new ConfigFault(origin, place.line(), place.column(), key, problem, remedy));
    keys.add(key);
  }

  /** A fault of a key, where it stands, or else where the table stands that it belongs to. */
  void add(String key, String problem, String remedy) {
    String where = key;
    while (!places.containsKey(where) && where.contains(".")) {
      where = where.substring(0, where.lastIndexOf('.'));
    }
    add(key, places.getOrDefault(where, NOWHERE), problem, remedy);
  }

  /** Adds the faults of a value. */
  void addAll(String key, int valueAt, List<Problem> problems) {
    for (Problem p : problems) {
      add(key, p.at() < 0 ? valueAt : p.at(), p.problem(), p.remedy());
    }
  }

  /** Whether something is wrong with this key already; what follows from that need not be told. */
  boolean concern(String key) {
    return keys.contains(key);
  }

  /** Whether the text itself could not be read in full: then a key that seems to be missing may be there. */
  boolean inTheText() {
    return !document.faults().isEmpty();
  }

  /** In the order of the file; what has no place comes first. */
  List<ConfigFault> sorted() {
    return faults.stream()
        .sorted(Comparator.comparingInt(ConfigFault::line).thenComparingInt(ConfigFault::column))
        .toList();
  }

  String origin() {
    return origin;
  }
}
