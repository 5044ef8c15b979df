package com.paiml.duende.manager.file;

import com.paiml.duende.api.Durations;
import com.paiml.duende.api.Sizes;
import com.paiml.duende.manager.file.toml.TomlTable;
import com.paiml.duende.manager.file.toml.TomlTable.Entry;
import com.paiml.duende.manager.file.toml.TomlValue;
import com.paiml.duende.spi.TableSchema;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** The table of a platform: checked against what its adapter publishes, or taken as it is. */
final class PlatformTable {
  private final String platform;
  private final Faults faults;

  PlatformTable(String platform, Faults faults) {
    this.platform = platform;
    this.faults = faults;
  }

  /** Checks the table; what is wrong is missing from the answer. */
  Map<String, Object> checked(TomlTable table, TableSchema schema) {
    Map<String, Object> values = new LinkedHashMap<>();
    table
        .entries()
        .forEach(
            (name, entry) ->
                schema
                    .key(name)
                    .ifPresentOrElse(
                        key -> value(key, entry).ifPresent(v -> values.put(name, v)),
                        () -> unknown(name, entry, schema)));
    return Collections.unmodifiableMap(values);
  }

  /** The table as it is written, where nobody is there to check it. */
  Map<String, Object> unchecked(TomlTable table) {
    Map<String, Object> values = new LinkedHashMap<>();
    table
        .entries()
        .forEach(
            (name, entry) -> {
              faults.stands(platform + "." + name, entry.value().at());
              values.put(name, plain(entry.value()));
            });
    return Collections.unmodifiableMap(values);
  }

  private void unknown(String name, Entry entry, TableSchema schema) {
    List<String> names = schema.keys().stream().map(TableSchema.Key::name).toList();
    faults.add(
        platform + "." + Texts.shorten(name),
        entry.keyAt(),
        "is unknown",
        Spelling.nearest(name, names)
            .map(n -> "did you mean \"" + n + "\"?")
            .orElse(
                names.isEmpty()
                    ? "remove it; [" + platform + "] has no keys"
                    : "remove it; [" + platform + "] has " + String.join(", ", names)));
  }

  private Optional<Object> value(TableSchema.Key key, Entry entry) {
    String path = platform + "." + key.name();
    TomlValue value = entry.value();
    faults.stands(path, value.at());
    Optional<Object> typed = typed(key.type(), value);
    if (typed.isEmpty()) {
      String example = key.defaultValue().isEmpty() ? "" : ", for example " + key.defaultValue();
      faults.add(
          path,
          value.at(),
          value instanceof TomlValue.Text t
              ? "\"" + Texts.shorten(t.value()) + "\" is not " + title(key.type())
              : "is " + value.kind() + ", not " + title(key.type()),
          "write " + title(key.type()) + example);
      return typed;
    }
    if (typed.get() instanceof String text) {
      Optional<Problem> problem = Texts.printable(text);
      if (problem.isEmpty() && !key.allowed().isEmpty() && !key.allowed().contains(text)) {
        problem = Optional.of(Values.noWord(text, key.allowed().stream().sorted().toList()));
      }
      problem.ifPresent(p -> faults.add(path, value.at(), p.problem(), p.remedy()));
      return problem.isPresent() ? Optional.empty() : typed;
    }
    return typed;
  }

  private static Optional<Object> typed(TableSchema.Type type, TomlValue value) {
    return switch (type) {
      case STRING -> value instanceof TomlValue.Text t ? Optional.of(t.value()) : Optional.empty();
      case INTEGER ->
          value instanceof TomlValue.Whole w ? Optional.of(w.value()) : Optional.empty();
      case NUMBER ->
          switch (value) {
            case TomlValue.Whole w -> Optional.of((double) w.value());
            case TomlValue.Real r when Double.isFinite(r.value()) -> Optional.of(r.value());
            default -> Optional.empty();
          };
      case BOOLEAN ->
          value instanceof TomlValue.Truth t ? Optional.of(t.value()) : Optional.empty();
      case DURATION -> {
        Optional<Duration> duration =
            value instanceof TomlValue.Text t ? Durations.parse(t.value()) : Optional.empty();
        yield duration.map(d -> d);
      }
      case SIZE -> {
        OptionalLong size =
            switch (value) {
              case TomlValue.Whole w when w.value() >= 0 -> OptionalLong.of(w.value());
              case TomlValue.Text t -> Sizes.parse(t.value());
              default -> OptionalLong.empty();
            };
        yield size.isPresent() ? Optional.of(size.getAsLong()) : Optional.empty();
      }
      case STRING_LIST -> {
        boolean all =
            value instanceof TomlValue.Sequence s
                && s.elements().stream()
                    .allMatch(e -> e instanceof TomlValue.Text t && t.value().indexOf('\0') < 0);
        yield all ? Optional.of(plain(value)) : Optional.empty();
      }
      case TABLE -> value instanceof TomlValue.Table ? Optional.of(plain(value)) : Optional.empty();
    };
  }

  private static String title(TableSchema.Type type) {
    return switch (type) {
      case STRING -> "text";
      case INTEGER -> "a whole number";
      case NUMBER -> "a number";
      case BOOLEAN -> "true or false";
      case DURATION -> "a duration such as \"30s\"";
      case SIZE -> "a size such as \"64MiB\"";
      case STRING_LIST -> "a list of texts";
      case TABLE -> "a table";
    };
  }

  private static Object plain(TomlValue value) {
    return switch (value) {
      case TomlValue.Text t -> t.value();
      case TomlValue.Whole w -> w.value();
      case TomlValue.Real r -> r.value();
      case TomlValue.Truth t -> t.value();
      case TomlValue.Moment m -> m.value();
      case TomlValue.Sequence s -> {
        List<Object> list = new ArrayList<>();
        s.elements().forEach(e -> list.add(plain(e)));
        yield Collections.unmodifiableList(list);
      }
      case TomlValue.Table t -> {
        Map<String, Object> map = new LinkedHashMap<>();
        t.entries().entries().forEach((k, e) -> map.put(k, plain(e.value())));
        yield Collections.unmodifiableMap(map);
      }
    };
  }
}
