package com.paiml.duende.adapter.systemd.unit;

import com.paiml.duende.api.Depends;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import java.util.List;
import java.util.stream.Stream;

/** Names of units, and by what one is known as ours. */
public final class UnitNames {
  private static final String SUFFIX = ".service";

  private UnitNames() {}

  /** {@code duende-NAME.service}, with the instance's id unless it is the default one. */
  public static String unit(LaunchSpec spec) {
    return spec.instance().qualify(spec.name()) + SUFFIX;
  }

  /** The units of what it depends on in any way; of daemons on other platforms there are none, which systemd does not mind. */
  public static List<String> dependencies(LaunchSpec spec) {
    Depends depends = spec.config().depends();
    return Stream.of(depends.after(), depends.requires(), depends.wants())
        .flatMap(List::stream)
        .distinct()
        .map(name -> spec.instance().qualify(name) + SUFFIX)
        .toList();
  }

  /** How the names of an instance's units begin. */
  public static String prefix(Instance instance) {
    return instance.qualify("");
  }

  /** The unit's description: for people, and at its end the mark by which we know it. */
  public static String description(LaunchSpec spec) {
    String text = spec.config().description().replaceAll("\\p{Cntrl}+", " ").strip();
    return spec.name() + (text.isEmpty() ? "" : ": " + text) + " " + mark(spec.instance());
  }

  public static boolean isOurs(String description, Instance instance) {
    return description.endsWith(" " + mark(instance));
  }

  private static String mark(Instance instance) {
    return "[duende " + instance.id() + "]";
  }
}
