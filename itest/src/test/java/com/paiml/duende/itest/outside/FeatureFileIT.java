package com.paiml.duende.itest.outside;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.itest.container.Distribution;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.jar.JarFile;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** Given the feature file and the index of the build: exactly what they name is enough for a daemon to run elsewhere. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class FeatureFileIT {
  private static final Path REPOSITORY =
      Path.of("../distro/features/target/repository").toAbsolutePath().normalize();

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"felix.jar", "equinox.jar"})
  void a_stock_framework_with_what_the_feature_file_names_runs_a_daemon(String framework)
      throws Exception {
    Path jar = Path.of(System.getProperty("duende.frameworks"), framework);
    Path tests = Path.of(getClass().getProtectionDomain().getCodeSource().getLocation().toURI());
    URL[] path = {jar.toUri().toURL(), tests.toUri().toURL()};
    Path written = folder.resolve("written");
    Path daemons = Files.createDirectories(folder.resolve("etc/daemons"));
    Files.writeString(
        daemons.resolve("hello.toml"),
        """
        name = "hello"
        binary_path = "/bin/sh"
        args = ["-c", "echo $$ > %1$s.new; mv %1$s.new %1$s; exec sleep 600"]
        """
            .formatted(written));
    Map<String, String> properties = new TreeMap<>(Distribution.folders(folder));
    // slf4j is the one thing that the distribution's launcher gives and others have as a bundle:
    // nobody of ours needs it.
    try (URLClassLoader alone = new URLClassLoader(path, ClassLoader.getPlatformClassLoader())) {
      @SuppressWarnings("unchecked")
      Callable<Map<String, String>> run =
          (Callable<Map<String, String>>)
              alone
                  .loadClass(ForeignDaemon.class.getName())
                  .getConstructor(Path.class, List.class, Map.class, Path.class)
                  .newInstance(folder, named(), properties, written);
      assertEquals(Map.of(), run.call(), framework);
    } finally {
      if (Files.exists(written)) {
        ProcessHandle.of(Long.parseLong(Files.readString(written).strip()))
            .ifPresent(ProcessHandle::destroyForcibly);
      }
    }
  }

  /** Every bundle that the feature and what it stands on name, as a URL. */
  private static List<String> named() throws Exception {
    List<String> urls = new ArrayList<>();
    Map<String, Path> byCoordinates = byCoordinates();
    NodeList bundles =
        xml(REPOSITORY.resolve("duende-features.xml")).getElementsByTagName("bundle");
    for (int i = 0; i < bundles.getLength(); i++) {
      String mvn = bundles.item(i).getTextContent().strip();
      Path jar = byCoordinates.get(mvn.replaceFirst("^mvn:[^/]+/", ""));
      assertTrue(jar != null, () -> mvn + " is not a bundle of the build: " + byCoordinates);
      urls.add(jar.toUri().toString());
    }
    assertFalse(urls.isEmpty());
    return urls;
  }

  /** By {@code ARTIFACT/VERSION}. */
  private static Map<String, Path> byCoordinates() throws Exception {
    Map<String, Path> found = new TreeMap<>();
    for (Path bundle : Distribution.bundles()) {
      String file = bundle.getFileName().toString().replaceFirst("\\.jar$", "");
      try (JarFile jar = new JarFile(bundle.toFile())) {
        String name =
            jar.getManifest()
                .getMainAttributes()
                .getValue("Bundle-SymbolicName")
                .replaceFirst(";.*", "");
        found.put(
            name.startsWith("com.paiml.duende.")
                ? name.substring(name.lastIndexOf('.') + 1) + "/0.1.0-SNAPSHOT"
                : file.replaceFirst("-(\\d)", "/$1"),
            bundle);
      }
    }
    return found;
  }

  @Test
  void the_feature_file_names_every_bundle_of_ours_once() throws Exception {
    Set<String> ours = new TreeSet<>();
    List<String> twice = new ArrayList<>();
    for (String url : named()) {
      try (JarFile jar = new JarFile(Path.of(java.net.URI.create(url)).toFile())) {
        String name = jar.getManifest().getMainAttributes().getValue("Bundle-SymbolicName");
        if (!ours.add(name)) {
          twice.add(name);
        }
      }
    }
    assertEquals(List.of(), twice);
    long shipped =
        Distribution.bundles().stream()
            .filter(b -> b.getFileName().toString().startsWith("com.paiml.duende."))
            .count();
    assertEquals(shipped, ours.stream().filter(n -> n.startsWith("com.paiml.duende.")).count());
  }

  @Test
  void the_bill_of_materials_names_every_bundle_of_ours() throws Exception {
    String bom = Files.readString(Path.of("../distro/bom/pom.xml"));
    List<String> missing = new ArrayList<>();
    for (Path bundle : Distribution.bundles()) {
      String file = bundle.getFileName().toString();
      if (file.startsWith("com.paiml.duende.")) {
        String artifact = file.substring("com.paiml.duende.".length(), file.length() - 4);
        if (!bom.contains("<artifactId>" + artifact + "</artifactId>")) {
          missing.add(artifact);
        }
      }
    }
    assertEquals(List.of(), missing);
  }

  @Test
  void the_index_says_of_every_bundle_where_it_is_and_what_it_is() throws Exception {
    NodeList resources = xml(REPOSITORY.resolve("index.xml")).getElementsByTagName("resource");
    int bundles = 0;
    for (int i = 0; i < resources.getLength(); i++) {
      Element resource = (Element) resources.item(i);
      // What a bundle has for one Java only is a resource of its own, without a file.
      if ("bnd.synthetic".equals(attributes(resource, "osgi.identity").get("type"))) {
        continue;
      }
      bundles++;
      Map<String, String> content = attributes(resource, "osgi.content");
      Path file = REPOSITORY.resolve(content.getOrDefault("url", "none"));
      assertTrue(Files.exists(file), () -> file + " of the index is there");
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
      assertEquals(
          HexFormat.of().formatHex(digest),
          content.getOrDefault("osgi.content", "").toLowerCase(java.util.Locale.ROOT));
    }
    assertEquals(Distribution.bundles().size(), bundles);
  }

  private static Map<String, String> attributes(Element resource, String namespace) {
    Map<String, String> found = new TreeMap<>();
    NodeList capabilities = resource.getElementsByTagName("capability");
    for (int i = 0; i < capabilities.getLength(); i++) {
      Element capability = (Element) capabilities.item(i);
      if (capability.getAttribute("namespace").equals(namespace)) {
        NodeList attributes = capability.getElementsByTagName("attribute");
        for (int j = 0; j < attributes.getLength(); j++) {
          Element a = (Element) attributes.item(j);
          found.put(a.getAttribute("name"), a.getAttribute("value"));
        }
      }
    }
    return found;
  }

  private static Document xml(Path file) throws Exception {
    assertTrue(Files.exists(file), () -> file + " was made by the build");
    return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile());
  }
}
