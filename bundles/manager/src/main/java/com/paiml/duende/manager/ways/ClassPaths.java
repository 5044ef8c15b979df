package com.paiml.duende.manager.ways;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Enumeration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;
import org.osgi.framework.wiring.BundleWire;
import org.osgi.framework.wiring.BundleWiring;

/**
 * Writes bundles as plain jars for JVMs of their own: the content of an installed bundle, not the file that it came from, which
 * may be replaced while a JVM still runs from it. One folder for each state of a bundle; of those the last three are kept.
 */
final class ClassPaths {
  private static final int KEPT = 3;

  private final Path folder;

  ClassPaths(Path folder) {
    this.folder = folder;
  }

  /** The bundle's jars first, then those of all bundles that it is wired to, itself or through others. */
  synchronized List<Path> of(Bundle bundle) throws IOException {
    List<Path> jars = new ArrayList<>();
    for (Bundle each : closure(bundle)) {
      jars.addAll(jars(each));
    }
    return jars;
  }

  private static Set<Bundle> closure(Bundle bundle) {
    Set<Bundle> all = new LinkedHashSet<>();
    List<Bundle> next = new ArrayList<>(List.of(bundle));
    while (!next.isEmpty()) {
      Bundle each = next.removeFirst();
      BundleWiring wiring = each.adapt(BundleWiring.class);
      if (each.getBundleId() == 0 || wiring == null || !all.add(each)) {
        continue;
      }
      for (BundleWire wire : wiring.getRequiredWires(null)) {
        String namespace = wire.getCapability().getNamespace();
        if (namespace.equals("osgi.wiring.package") || namespace.equals("osgi.wiring.bundle")) {
          next.add(wire.getProvider().getBundle());
        }
      }
    }
    return all;
  }

  private List<Path> jars(Bundle bundle) throws IOException {
    Path all = folder.resolve(bundle.getSymbolicName());
    Path own = all.resolve(bundle.getVersion() + "-" + bundle.getLastModified());
    if (!Files.isDirectory(own)) {
      Path unfinished = all.resolve(own.getFileName() + ".unfinished");
      delete(unfinished);
      Files.createDirectories(unfinished);
      write(bundle, unfinished);
      Files.move(unfinished, own, StandardCopyOption.ATOMIC_MOVE);
      prune(all, own);
    }
    try (Stream<Path> files = Files.list(own)) {
      return files.sorted().toList();
    }
  }

  private static void write(Bundle bundle, Path target) throws IOException {
    try (JarOutputStream jar =
        new JarOutputStream(Files.newOutputStream(target.resolve("0-bundle.jar")))) {
      // The manifest comes first, or it is not seen.
      List<String> paths = new ArrayList<>();
      Enumeration<URL> entries = bundle.findEntries("/", "*", true);
      if (entries != null) {
        Collections.list(entries).forEach(u -> paths.add(u.getPath().substring(1)));
      }
      paths.sort(Comparator.comparing((String p) -> !p.equals("META-INF/MANIFEST.MF")));
      for (String path : paths) {
        URL url = bundle.getEntry(path);
        if (url == null || path.endsWith("/")) {
          continue;
        }
        jar.putNextEntry(new JarEntry(path));
        try (InputStream in = url.openStream()) {
          in.transferTo(jar);
        }
        jar.closeEntry();
      }
    }
    embedded(bundle, target);
  }

  /** The jars inside the bundle that its Bundle-ClassPath names. */
  private static void embedded(Bundle bundle, Path target) throws IOException {
    String header = bundle.getHeaders("").get(Constants.BUNDLE_CLASSPATH);
    int number = 1;
    for (String clause : header == null ? new String[0] : header.split(",")) {
      String path = clause.split(";")[0].strip();
      URL url = path.endsWith(".jar") ? bundle.getEntry(path) : null;
      if (url != null) {
        String name = number++ + "-" + path.substring(path.lastIndexOf('/') + 1);
        try (InputStream in = url.openStream()) {
          var _ = Files.copy(in, target.resolve(name));
        }
      }
    }
  }

  private static void prune(Path all, Path newest) throws IOException {
    List<Path> old;
    try (Stream<Path> versions = Files.list(all)) {
      old =
          versions
              .filter(v -> !v.equals(newest))
              .sorted(Comparator.comparingLong((Path v) -> v.toFile().lastModified()).reversed())
              .skip(KEPT - 1)
              .toList();
    }
    for (Path version : old) {
      delete(version);
    }
  }

  private static void delete(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    List<Path> files;
    try (Stream<Path> walk = Files.walk(tree)) {
      files = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : files) {
      Files.delete(file);
    }
  }
}
