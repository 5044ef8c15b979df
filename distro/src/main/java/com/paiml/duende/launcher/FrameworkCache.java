package com.paiml.duende.launcher;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.osgi.framework.BundleEvent;

/**
 * Says whether the installed bundles that the container before left in the framework's cache are taken up again, which saves a
 * third of a start. They are when a mark in the cache says so: it holds what the cache was made of, is written once everything
 * is installed and started, and is gone before the next container touches the cache or as soon as a bundle is installed,
 * updated, uninstalled or stopped by anyone. A container that is killed while it installs leaves no mark, and one that the
 * machine itself has outlived (whose files may never have reached the disk) one of another boot: the cache is then made anew.
 *
 * <p>What bundles keep in their own storage belongs to one container only, and goes with it in any case, but for what
 * Declarative Services has read out of the bundles' XML files: it writes that down when it is stopped in order, with the time at
 * which each bundle was installed, and spares the next start a sixth.
 */
final class FrameworkCache {
  private static final Logger LOG = Logger.getLogger("duende.bundles");
  private static final String COMPONENTS = "componentMetadataStore";
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");

  private final Path folder;
  private final Path mark;
  private final Optional<String> contents;
  private boolean components;
  private final AtomicBoolean settled = new AtomicBoolean();
  private final AtomicBoolean spoiled = new AtomicBoolean();

  private FrameworkCache(Path folder, Optional<String> contents) {
    this.folder = folder;
    this.mark = folder.resolve("whole");
    this.contents = contents;
  }

  /**
   * @param framework the framework's own jar file
   * @param bundles the bundle files as they are, in the order in which they are installed
   */
  static FrameworkCache of(Path folder, Path framework, Map<Path, Stamp> bundles) {
    return of(folder, framework, bundles, BOOT);
  }

  static FrameworkCache of(Path folder, Path framework, Map<Path, Stamp> bundles, Path boot) {
    StringBuilder made = new StringBuilder();
    try {
      made.append(Files.readString(boot));
      made.append(framework).append(' ').append(Stamp.of(framework)).append('\n');
      bundles.forEach((file, stamp) -> made.append(file).append(' ').append(stamp).append('\n'));
      return new FrameworkCache(folder, Optional.of(made.toString()));
    } catch (IOException e) {
      LOG.fine(() -> "the cache of bundles is not kept: " + e);
      return new FrameworkCache(folder, Optional.empty());
    }
  }

  /** Whether Declarative Services finds what it needs without reading XML; known once the cache is taken. */
  boolean knowsComponents() {
    return components;
  }

  /** Takes the cache into use; whether what is in it is good. */
  boolean take() throws IOException {
    Optional<String> found = Optional.empty();
    if (Files.isRegularFile(mark)) {
      found = Optional.of(Files.readString(mark));
      Files.delete(mark);
    }
    if (found.isEmpty() || !found.equals(contents)) {
      return false;
    }
    // Set aside, which takes no time however much it is; removed when there is time.
    Path aside = Files.createDirectories(folder.resolve("aside"));
    try (DirectoryStream<Path> areas = Files.newDirectoryStream(folder, "bundle[0-9]*")) {
      for (Path area : areas) {
        Path data = area.resolve("data");
        if (Files.exists(data)) {
          // Named by hand: a random name would take the machinery of random numbers, late in each
          // start.
          Path old = unused(aside, area.getFileName().toString());
          Files.move(data, old);
          Path kept = old.resolve(COMPONENTS);
          if (Files.isRegularFile(kept, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectory(data);
            Files.move(kept, data.resolve(COMPONENTS));
            components = true;
          }
        }
      }
    }
    return true;
  }

  private static Path unused(Path folder, String name) {
    Path path = folder.resolve(name);
    for (int i = 1; Files.exists(path, LinkOption.NOFOLLOW_LINKS); i++) {
      path = folder.resolve(name + "." + i);
    }
    return path;
  }

  /** Everything is installed and started; counts once. */
  void settled() {
    if (contents.isEmpty() || settled.getAndSet(true)) {
      return;
    }
    try {
      remove(folder.resolve("aside"));
      Path fresh = folder.resolve("whole.new");
      Files.writeString(fresh, contents.get());
      Files.move(fresh, mark, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      // The next start takes a little longer, that is all.
      LOG.log(Level.FINE, "the cache of bundles is not kept", e);
    }
    if (spoiled.get()) {
      // Something changed while the mark was made.
      spoil();
    }
  }

  /**
   * To be called at once when something happens to a bundle.
   *
   * @param event a type of {@link BundleEvent}
   * @param active whether the framework runs; one that stops stops its bundles, which changes nothing that is kept
   */
  void changed(int event, boolean active) {
    boolean changes =
        switch (event) {
          case BundleEvent.INSTALLED, BundleEvent.UPDATED, BundleEvent.UNINSTALLED -> true;
          case BundleEvent.STOPPED -> active;
          default -> false;
        };
    if (changes && settled.get()) {
      spoiled.set(true);
      spoil();
    }
  }

  private void spoil() {
    try {
      Files.deleteIfExists(mark);
    } catch (IOException e) {
      LOG.log(Level.WARNING, e, () -> "cannot remove " + mark + ": remove it by hand");
    }
  }

  private static void remove(Path tree) throws IOException {
    if (!Files.exists(tree)) {
      return;
    }
    try (Stream<Path> inside = Files.walk(tree)) {
      for (Path each : inside.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }
}
