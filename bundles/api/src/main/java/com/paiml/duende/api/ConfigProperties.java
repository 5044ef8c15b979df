package com.paiml.duende.api;

import java.time.Duration;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeSet;

/**
 * A configuration as a flat map: keys are the dotted keys of the daemon file, values are String, Long, Double, Boolean or
 * String[], as Configuration Admin and a message to another JVM can carry them. Durations are text ({@link Durations}),
 * sizes are Long. What nobody wrote and has its default is left out.
 *
 * <p>Values of platform tables that a flat map cannot hold are marked in their key: {@code KEY:duration}; {@code KEY:list}
 * with the number of elements, which follow as {@code KEY.0}, {@code KEY.1}…; {@code KEY:table} with its keys, whose values
 * follow as {@code KEY.NAME}, where {@code %}, {@code .} and {@code :} in a name are written {@code %25}, {@code %2E},
 * {@code %3A}.
 */
public final class ConfigProperties {
  /** The dotted keys that somebody wrote. Without it, every key of the map counts as written. */
  public static final String WRITTEN = "duende.written";

  /** The key of {@link What.Service}. */
  static final String SERVICE = "service";

  private ConfigProperties() {}

  /** The configuration as a map, in the order of the daemon file. {@link #fromMap} gives it back, equal in every part. */
  public static SequencedMap<String, Object> toMap(DaemonConfig config) {
    return new ConfigEncoder(config).encode();
  }

  /**
   * Reads a map that {@link #toMap} made. Keys that begin with {@code duende.} or {@code service.} and are unknown are
   * passed over; values are not judged beyond their type.
   *
   * @throws ConfigException with every fault
   */
  public static DaemonConfig fromMap(Map<String, ?> map) throws ConfigException {
    return new ConfigDecoder(map).decode();
  }

  /** The word of the daemon file for a constant: lower case with hyphens. */
  static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static String text(Duration duration) {
    return Durations.format(duration);
  }

  static String escape(String name) {
    return name.replace("%", "%25").replace(".", "%2E").replace(":", "%3A");
  }

  static String unescape(String name) {
    return name.replace("%3A", ":").replace("%2E", ".").replace("%25", "%");
  }

  static String[] array(Collection<String> values) {
    return values.toArray(String[]::new);
  }

  static String[] sorted(Collection<String> values) {
    return array(new TreeSet<>(values));
  }

  static ConfigFault fault(String key, String problem) {
    return new ConfigFault(
        "configuration properties", 0, 0, key, problem, "send what ConfigProperties.toMap made");
  }
}
