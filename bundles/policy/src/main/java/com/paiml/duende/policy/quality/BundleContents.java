package com.paiml.duende.policy.quality;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * What the gate reads of a bundle.
 *
 * @param classes by internal name, {@code com/example/Counter}
 * @param sources Java sources by path, where the bundle carries them ({@code OSGI-OPT/src}, or a sources jar beside it)
 * @param named classes that descriptors name: components, services, activators
 */
record BundleContents(
    Map<String, ClassModel> classes, Map<String, String> sources, Set<String> named) {
  /** More than any bundle of sense; a zip bomb stops here. */
  private static final long MOST_BYTES = 256L << 20;

  private static final Pattern CLASS_NAME = Pattern.compile("[\\w$]+(\\.[\\w$]+)+");

  static BundleContents read(Path jar) throws IOException {
    Reader reader = new Reader();
    reader.jar(jar);
    Path sources = sourcesBeside(jar);
    if (Files.isRegularFile(sources)) {
      reader.jar(sources);
    }
    return new BundleContents(reader.classes, reader.sources, reader.named);
  }

  private static Path sourcesBeside(Path jar) {
    String name = String.valueOf(jar.getFileName());
    String stem = name.endsWith(".jar") ? name.substring(0, name.length() - 4) : name;
    return jar.resolveSibling(stem + "-sources.jar");
  }

  private static final class Reader {
    private final Map<String, ClassModel> classes = new TreeMap<>();
    private final Map<String, String> sources = new TreeMap<>();
    private final Set<String> named = new TreeSet<>();
    private long left = MOST_BYTES;

    void jar(Path jar) throws IOException {
      try (InputStream in = Files.newInputStream(jar);
          ZipInputStream zip = new ZipInputStream(in)) {
        for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
          if (!entry.isDirectory()) {
            entry(entry.getName(), zip);
          }
        }
      }
    }

    private void entry(String name, ZipInputStream zip) throws IOException {
      if (name.endsWith(".class")
          && !name.startsWith("META-INF/versions/")
          && !name.endsWith("-info.class")) {
        try {
          ClassModel model = ClassFile.of().parse(bytes(zip));
          classes.put(model.thisClass().asInternalName(), model);
        } catch (IllegalArgumentException e) {
          throw new IOException(name + " is not a class file: " + e.getMessage(), e);
        }
      } else if (name.endsWith(".java")) {
        sources.put(
            name.replaceFirst("^OSGI-OPT/src/", ""),
            new String(bytes(zip), StandardCharsets.UTF_8));
      } else if (name.startsWith("OSGI-INF/") || name.startsWith("META-INF/")) {
        Matcher m = CLASS_NAME.matcher(new String(bytes(zip), StandardCharsets.UTF_8));
        while (m.find()) {
          named.add(m.group().replace('.', '/'));
        }
      }
    }

    private byte[] bytes(ZipInputStream zip) throws IOException {
      byte[] bytes = zip.readNBytes((int) Math.min(left + 1, Integer.MAX_VALUE - 8));
      left -= bytes.length;
      if (left < 0) {
        throw new IOException("the bundle has more than " + (MOST_BYTES >> 20) + " MiB to analyse");
      }
      return bytes;
    }
  }
}
