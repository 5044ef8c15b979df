package com.paiml.duende.itest.bundles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.itest.container.Distribution;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Given the manifests of the distribution's bundles: who may know whom is as the design says. */
class ArchitectureIT {
  private static final String OURS = "com.paiml.duende.";

  /** No bundle: others have private copies of its classes. */
  private static final String SHARED = "support";

  /** What the api bundle exports; every other package of ours is named after its bundle. */
  private static final Set<String> API =
      Set.of("com.paiml.duende.api", "com.paiml.duende.control", "com.paiml.duende.spi");

  /** Whose packages a bundle may import beside the api's; whoever is not listed may use linux. */
  private static final Map<String, Set<String>> MAY_USE =
      Map.of(
          "api", Set.of(),
          "linux", Set.of(),
          "platform", Set.of(),
          "shell", Set.of(),
          "testkit", Set.of(),
          "host", Set.of("linux"),
          "manager", Set.of("linux", "platform"));

  @Test
  void everyModuleIsInTheDistributionUnderItsOwnName() throws IOException {
    Path top = Distribution.home().resolve("../../..").normalize();
    Set<String> modules = new TreeSet<>();
    for (String group : List.of("bundles", "adapters")) {
      try (DirectoryStream<Path> folders = Files.newDirectoryStream(top.resolve(group))) {
        for (Path folder : folders) {
          if (Files.exists(folder.resolve("pom.xml"))) {
            modules.add(OURS + (group.equals("adapters") ? "adapter." : "") + folder.getFileName());
          }
        }
      }
    }
    assertTrue(modules.remove(OURS + SHARED), "what several bundles have copies of is a module");
    assertFalse(modules.isEmpty());
    assertEquals(modules, new TreeSet<>(ours().keySet()));
  }

  @Test
  void nobodyImportsMoreOfUsThanTheDesignAllows() {
    List<String> faults = new ArrayList<>();
    ours()
        .forEach(
            (name, manifest) -> {
              String self = name.substring(name.lastIndexOf('.') + 1);
              Set<String> allowed = MAY_USE.getOrDefault(self, Set.of("linux"));
              for (String imported : packages(manifest.getValue("Import-Package"))) {
                if (imported.startsWith(OURS) && !API.contains(imported)) {
                  String owner = owner(imported);
                  if (!owner.equals(ownPackage(name)) && !allowed.contains(owner)) {
                    faults.add(name + " imports " + imported);
                  }
                } else if (self.equals("api")
                    && !imported.startsWith("java.")
                    && !API.contains(imported)) {
                  faults.add(name + " imports " + imported);
                }
              }
            });
    assertEquals(List.of(), faults);
  }

  @Test
  void nobodyRequiresABundleOrImportsWhateverThereIs() {
    List<String> faults = new ArrayList<>();
    ours()
        .forEach(
            (name, manifest) -> {
              for (String header :
                  List.of("Require-Bundle", "DynamicImport-Package", "Fragment-Host")) {
                if (manifest.getValue(header) != null) {
                  faults.add(name + ": " + header + ": " + manifest.getValue(header));
                }
              }
            });
    assertEquals(List.of(), faults);
  }

  @Test
  void everyExportedPackageHasAVersion() {
    List<String> faults = new ArrayList<>();
    ours()
        .forEach(
            (name, manifest) -> {
              String exports = manifest.getValue("Export-Package");
              for (String clause : exports == null ? List.<String>of() : clauses(exports)) {
                if (!clause.contains(";version=")) {
                  faults.add(name + ": " + clause);
                }
              }
            });
    assertEquals(List.of(), faults);
  }

  @Test
  void whatSeveralBundlesShareIsPrivateToEach() throws IOException {
    List<String> copies = new ArrayList<>();
    List<String> faults = new ArrayList<>();
    for (Path bundle : Distribution.bundles()) {
      try (JarFile jar = new JarFile(bundle.toFile())) {
        if (jar.getEntry((OURS + SHARED).replace('.', '/') + "/") != null) {
          copies.add(bundle.getFileName().toString());
          Attributes manifest = jar.getManifest().getMainAttributes();
          for (String header : List.of("Export-Package", "Import-Package")) {
            packages(manifest.getValue(header)).stream()
                .filter(name -> owner(name).equals(SHARED))
                .forEach(name -> faults.add(bundle + ": " + header + ": " + name));
          }
        }
      }
    }
    assertTrue(copies.size() > 1, () -> "copies are in " + copies);
    assertEquals(List.of(), faults);
  }

  /** {@code com.paiml.duende.linux.spawn} belongs to linux, {@code com.paiml.duende.adapter.wos} to wos. */
  private static String owner(String packageName) {
    if (!packageName.startsWith(OURS)) {
      return "";
    }
    String[] words = packageName.substring(OURS.length()).split("\\.");
    return words[0].equals("adapter") && words.length > 1 ? words[1] : words[0];
  }

  /** The package of the native adapter is called process, for native is a word of the language. */
  private static String ownPackage(String symbolicName) {
    String owner = owner(symbolicName);
    return owner.equals("native") ? "process" : owner;
  }

  private static Map<String, Attributes> ours() {
    Map<String, Attributes> found = new TreeMap<>();
    for (Path bundle : Distribution.bundles()) {
      try (JarFile jar = new JarFile(bundle.toFile())) {
        assertNotNull(jar.getManifest(), () -> bundle + " has a manifest");
        Attributes manifest = jar.getManifest().getMainAttributes();
        String name = manifest.getValue("Bundle-SymbolicName");
        if (name != null && name.startsWith(OURS)) {
          found.put(name.replaceFirst(";.*", ""), manifest);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return found;
  }

  private static Set<String> packages(String header) {
    Set<String> names = new TreeSet<>();
    for (String clause : header == null ? List.<String>of() : clauses(header)) {
      for (String part : clause.split(";")) {
        if (!part.contains("=")) {
          names.add(part.strip());
        }
      }
    }
    return names;
  }

  /** Splits at commas outside quotation marks. */
  private static List<String> clauses(String header) {
    List<String> clauses = new ArrayList<>();
    Matcher matcher = Pattern.compile("(?:[^,\"]|\"[^\"]*\")+").matcher(header);
    while (matcher.find()) {
      clauses.add(matcher.group());
    }
    return clauses;
  }
}
