package com.paiml.duende.adapter.systemd.bus;

import com.paiml.duende.adapter.systemd.unit.Setting;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.UInt64;
import org.freedesktop.dbus.types.Variant;
import org.jspecify.annotations.Nullable;

/** Settings as properties of the bus, and properties of the bus as text. */
final class Variants {
  /** {@code CGROUP_LIMIT_MAX} and {@code USEC_INFINITY}: all bits. */
  private static final UInt64 ALL_BITS = new UInt64("18446744073709551615");

  /** What most properties of most units are. */
  private static final Map<String, String> WORDS =
      Stream.of(
              "",
              "0",
              "no",
              "yes",
              "loaded",
              "not-found",
              "active",
              "activating",
              "inactive",
              "deactivating",
              "failed",
              "running",
              "start",
              "exited",
              "dead",
              "auto-restart",
              "success",
              "exit-code",
              "signal")
          .collect(Collectors.toUnmodifiableMap(w -> w, w -> w));

  private Variants() {}

  static List<Property> of(List<Setting> settings) {
    List<Property> all = new ArrayList<>();
    for (Setting s : settings) {
      all.add(new Property(s.name(), variant(s.value())));
    }
    return all;
  }

  private static Variant<?> variant(Setting.Value value) {
    return switch (value) {
      case Setting.Text(String text) -> new Variant<>(text, "s");
      case Setting.Flag(boolean on) -> new Variant<>(on, "b");
      case Setting.Amount(long amount) -> new Variant<>(unsigned(amount), "t");
      case Setting.Micros(long micros) -> new Variant<>(unsigned(micros), "t");
      case Setting.Mode(int mode) -> new Variant<>(new UInt32(mode), "u");
      case Setting.SignalNumber(int number) -> new Variant<>(number, "i");
      case Setting.ErrorNumber(int number) -> new Variant<>(number, "i");
      case Setting.Count(int count) -> new Variant<>(new UInt32(count), "u");
      case Setting.Words(List<String> words) -> new Variant<>(words, "as");
      case Setting.Variables(List<String> variables) -> new Variant<>(variables, "as");
      case Setting.Command(String path, List<String> argv) ->
          new Variant<>(List.of(new ExecCommand(path, argv, false)), "a(sasb)");
      case Setting.Filter(boolean allow, List<String> names) ->
          new Variant<>(new NameList(allow, names), "(bas)");
      case Setting.Capabilities(long bits, List<String> names) ->
          new Variant<>(new UInt64(bits), "t");
      case Setting.Binds(List<String> paths) ->
          new Variant<>(
              paths.stream().map(p -> new BindPath(p, p, true, new UInt64(0x4000))).toList(),
              "a(ssbt)");
      case Setting.Emptied(String path, String options) ->
          new Variant<>(List.of(new EmptiedPath(path, options)), "a(ss)");
      case Setting.Rates(List<String> devices, long rate) ->
          new Variant<>(
              devices.stream().map(d -> new DeviceRate(d, new UInt64(rate))).toList(), "a(st)");
      case Setting.Statuses(List<Integer> codes, List<Integer> signals) ->
          new Variant<>(new StatusSet(codes, signals), "(aiai)");
    };
  }

  private static UInt64 unsigned(long amount) {
    return amount == Setting.INFINITY ? ALL_BITS : new UInt64(amount);
  }

  /** Those of the names, in the words of {@code systemctl show}; the words that all units have are the same objects. */
  static Map<String, String> texts(Map<?, ?> properties, Set<String> names) {
    Map<String, String> texts = new HashMap<>();
    for (String name : names) {
      if (properties.get(name) instanceof Variant<?> value) {
        String text = text(value.getValue());
        texts.put(name, WORDS.getOrDefault(text, text));
      }
    }
    return texts;
  }

  /** The number of a unit's job; 0 when it has none. */
  static String job(@Nullable Object property) {
    return property instanceof Variant<?> value
            && value.getValue() instanceof Object[] job
            && job.length > 0
            && job[0] instanceof Number number
        ? Long.toString(number.longValue())
        : "0";
  }

  static String text(Object value) {
    return switch (value) {
      case Boolean on -> on ? "yes" : "no";
      case byte[] bytes -> HexFormat.of().formatHex(bytes);
      case List<?> list when list.stream().allMatch(Byte.class::isInstance) -> hex(list);
      default -> String.valueOf(value);
    };
  }

  private static String hex(List<?> bytes) {
    StringBuilder text = new StringBuilder();
    for (Object b : bytes) {
      text.append(HexFormat.of().toHexDigits((Byte) b));
    }
    return text.toString();
  }
}
