package com.paiml.duende.host;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/**
 * Jars made from the classes of installed bundles: where a framework keeps its bundles, and whether as jars, is its own
 * affair. A jar is made once for each version of its bundle and never written again, for a JVM may have it open.
 */
final class BundleJars implements ClassPath {
  private final BundleContext context;
  private final List<Bundle> bundles;

  BundleJars(BundleContext context, List<Bundle> bundles) {
    this.context = context;
    this.bundles = List.copyOf(bundles);
  }

  @Override
  public synchronized List<Path> entries() throws IOException {
    List<Path> jars = new ArrayList<>();
    for (Bundle bundle : bundles) {
      String name =
          bundle.getSymbolicName()
              + "-"
              + bundle.getVersion()
              + "-"
              + Long.toHexString(bundle.getLastModified())
              + ".jar";
      java.io.File file = context.getDataFile(name);
      if (file == null) {
        throw new IOException("this framework gives bundles no place for files");
      }
      Path jar = file.toPath().toAbsolutePath();
      if (!Files.exists(jar)) {
        make(bundle, jar);
      }
      jars.add(jar);
    }
    return jars;
  }

  private static void make(Bundle bundle, Path jar) throws IOException {
    Path half = Files.createTempFile(jar.getParent(), "host", ".half");
    try {
      try (OutputStream file = Files.newOutputStream(half);
          JarOutputStream out = new JarOutputStream(file)) {
        Enumeration<URL> found = bundle.findEntries("/", "*", true);
        for (URL entry : found == null ? List.<URL>of() : Collections.list(found)) {
          String path = entry.getPath().replaceFirst("^/", "");
          if (!path.endsWith("/") && !path.startsWith("META-INF/")) {
            out.putNextEntry(new JarEntry(path));
            try (InputStream in = entry.openStream()) {
              var _ = in.transferTo(out);
            }
            out.closeEntry();
          }
        }
      }
      var _ = Files.move(half, jar, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      var _ = Files.deleteIfExists(half);
    }
  }
}
