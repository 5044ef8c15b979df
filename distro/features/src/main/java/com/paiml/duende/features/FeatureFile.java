package com.paiml.duende.features;

import java.util.List;
import java.util.Set;

/**
 * The feature file of Karaf 4.4. What Karaf itself has (SCR, Configuration Admin, Gogo, JLine, the OSGi API) is a dependency,
 * installed only where it is missing.
 */
final class FeatureFile {
  /** Only {@code duende shell} needs it, and the distribution's own launcher. */
  private static final Set<String> OPTIONAL = Set.of("org.jline");

  private FeatureFile() {}

  static String of(List<Shipped> bundles, String version) {
    StringBuilder ours = new StringBuilder();
    StringBuilder others = new StringBuilder();
    for (Shipped b : bundles) {
      if (OPTIONAL.contains(b.name())) {
        continue;
      }
      String line =
          "    <bundle"
              + (b.ours() ? "" : " dependency=\"true\"")
              + (b.fragment() ? " start=\"false\"" : "")
              + ">mvn:"
              + b.coordinates()
              + "</bundle>\n";
      (b.ours() ? ours : others).append(line);
    }
    return """
    <?xml version="1.0" encoding="UTF-8"?>
    <features name="duende-%1$s" xmlns="http://karaf.apache.org/xmlns/features/v1.6.0">
      <feature name="duende" version="%1$s" description="Runs long-lived programs and keeps them running">
        <feature prerequisite="false" dependency="true">duende-foundation</feature>
    %2$s  </feature>
      <feature name="duende-foundation" version="%1$s" description="What Duende's bundles stand on">
    %3$s  </feature>
    </features>
    """
        .formatted(version.replace("-SNAPSHOT", ".SNAPSHOT"), ours, others);
  }
}
