package com.paiml.duende.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleEvent;

class FrameworkCacheTest {
  @TempDir Path folder;
  private Path boot;
  private Path framework;
  private Map<Path, Stamp> bundles;

  @BeforeEach
  void files() throws IOException {
    boot = Files.writeString(folder.resolve("boot_id"), "one\n");
    framework = Files.writeString(folder.resolve("felix.jar"), "framework");
    bundles = Map.of(Path.of("/a/b.jar"), new Stamp(1, 2));
    Files.createDirectories(folder.resolve("cache/bundle7/data/inside"));
    Files.writeString(folder.resolve("cache/bundle7/data/inside/file"), "of a bundle");
    Files.writeString(folder.resolve("cache/bundle7/bundle.info"), "of the framework");
  }

  private FrameworkCache cache() {
    return FrameworkCache.of(folder.resolve("cache"), framework, bundles, boot);
  }

  @Test
  void
      givenAContainerThatSettled_whenTheNextStarts_thenTheCacheIsWholeOnceAndWithoutWhatBundlesKept()
          throws IOException {
    FrameworkCache before = cache();
    assertFalse(before.take());
    before.settled();

    assertTrue(cache().take());
    assertFalse(Files.exists(folder.resolve("cache/bundle7/data")));
    assertTrue(Files.exists(folder.resolve("cache/bundle7/bundle.info")));
    assertFalse(cache().take(), "one that was taken and has not settled is not whole");
  }

  @Test
  void givenWhatDeclarativeServicesHasWrittenDown_whenTheNextStarts_thenItIsThereAlone()
      throws IOException {
    Path components = folder.resolve("cache/bundle7/data/componentMetadataStore");
    Files.writeString(components, "components");
    cache().settled();

    FrameworkCache next = cache();
    assertTrue(next.take());
    assertTrue(next.knowsComponents());
    assertEquals("components", Files.readString(components));
    assertFalse(Files.exists(folder.resolve("cache/bundle7/data/inside")));

    FrameworkCache unsettled = cache();
    assertFalse(unsettled.take());
    assertFalse(unsettled.knowsComponents(), "what belongs to a cache that is made anew");
  }

  @Test
  void givenAnotherBootFrameworkOrBundle_whenTheNextStarts_thenTheCacheIsNotWhole()
      throws IOException {
    cache().settled();
    Files.writeString(boot, "two\n");
    assertFalse(cache().take());

    cache().settled();
    Files.writeString(framework, "another framework");
    assertFalse(cache().take());

    cache().settled();
    bundles = Map.of(Path.of("/a/b.jar"), new Stamp(2, 2));
    assertFalse(cache().take());

    cache().settled();
    Files.delete(boot);
    assertFalse(cache().take(), "where the boot is not known");
  }

  @Test
  void givenAChangeByAnyone_whenTheNextStarts_thenTheCacheIsNotWhole() throws IOException {
    for (int event :
        new int[] {
          BundleEvent.INSTALLED, BundleEvent.UPDATED, BundleEvent.UNINSTALLED, BundleEvent.STOPPED
        }) {
      FrameworkCache before = cache();
      before.settled();
      before.changed(event, true);
      before.settled();
      assertFalse(cache().take(), "after event " + event);
    }
  }

  @Test
  void givenBundlesThatStartAndAFrameworkThatStops_whenTheNextStarts_thenTheCacheIsWhole()
      throws IOException {
    FrameworkCache before = cache();
    before.changed(BundleEvent.INSTALLED, false);
    before.settled();
    before.changed(BundleEvent.STARTED, true);
    before.changed(BundleEvent.STOPPED, false);
    assertTrue(cache().take());
  }
}
