package com.paiml.duende.features;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * A bundle of the distribution.
 *
 * @param jar the file
 * @param name symbolic name
 * @param version as OSGi writes it
 * @param coordinates {@code GROUP/ARTIFACT/VERSION} in a Maven repository
 * @param ours whether it is one of this project
 * @param fragment whether it is a fragment, which is not started
 */
record Shipped(
    Path jar, String name, String version, String coordinates, boolean ours, boolean fragment) {

  static Shipped read(Path jar, String projectVersion) throws IOException {
    try (JarFile file = new JarFile(jar.toFile())) {
      Attributes manifest = file.getManifest().getMainAttributes();
      String name = manifest.getValue("Bundle-SymbolicName").replaceFirst(";.*", "").strip();
      boolean ours = name.startsWith("com.paiml.duende.");
      String coordinates =
          ours
              ? "com.paiml.duende/"
                  + name.substring(name.lastIndexOf('.') + 1)
                  + "/"
                  + projectVersion
              : coordinates(file)
                  .or(() -> known(name, jar))
                  .orElseThrow(() -> new IOException(jar + " does not say where it comes from"));
      return new Shipped(
          jar,
          name,
          manifest.getValue("Bundle-Version"),
          coordinates,
          ours,
          manifest.getValue("Fragment-Host") != null);
    }
  }

  /** What Maven writes into the jars that it makes; a jar may have that of others inside, too: its file's name tells. */
  private static Optional<String> coordinates(JarFile file) throws IOException {
    String base = Path.of(file.getName()).getFileName().toString().replaceFirst("\\.jar$", "");
    for (JarEntry entry :
        file.stream()
            .filter(e -> e.getName().matches("META-INF/maven/[^/]+/[^/]+/pom\\.properties"))
            .toList()) {
      Properties properties = new Properties();
      try (InputStream in = file.getInputStream(entry)) {
        properties.load(in);
      }
      String artifact = properties.getProperty("artifactId", "");
      String version = properties.getProperty("version", "");
      if (base.equals(artifact + "-" + version)) {
        return Optional.of(properties.getProperty("groupId") + "/" + artifact + "/" + version);
      }
    }
    return Optional.empty();
  }

  /** Those that are not made by Maven: the file is called ARTIFACT-VERSION.jar, and the group is known by the artifact. */
  private static Optional<String> known(String name, Path jar) {
    String file = jar.getFileName().toString().replaceFirst("\\.jar$", "");
    int dash = file.replaceFirst("-\\d.*", "").length();
    if (dash == file.length()) {
      return Optional.empty();
    }
    String artifact = file.substring(0, dash);
    String version = file.substring(dash + 1);
    String group = "";
    if (name.equals("com.sun.jna")) {
      group = "net.java.dev.jna";
    } else if (name.equals("org.jline")) {
      group = "org.jline";
    } else if (artifact.equals("zstd-jni")) {
      group = "com.github.luben";
    } else if (artifact.startsWith("org.osgi.")) {
      group = "org.osgi";
    } else if (artifact.startsWith("org.apache.felix.")) {
      group = "org.apache.felix";
    }
    return group.isEmpty() ? Optional.empty() : Optional.of(group + "/" + artifact + "/" + version);
  }
}
