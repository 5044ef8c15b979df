package com.paiml.duende.itest.bundles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.itest.container.Distribution;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Given somebody else's container, without the launcher and its settings: every bundle of the distribution resolves there and
 * starts. The framework runs in a class loader of its own, so that nothing of this JVM's class path helps it.
 */
class OtherContainersIT {
  @TempDir Path storage;

  @ParameterizedTest
  @ValueSource(strings = {"felix.jar", "equinox.jar"})
  void everyBundleResolvesStartsAndStops(String framework) throws Exception {
    Path jar = Path.of(System.getProperty("duende.frameworks"), framework);
    assertTrue(Files.exists(jar), () -> jar + " was copied by the build");
    Path tests = Path.of(getClass().getProtectionDomain().getCodeSource().getLocation().toURI());
    URL[] path = {jar.toUri().toURL(), tests.toUri().toURL()};
    List<String> bundles = new ArrayList<>();
    for (Path bundle : Distribution.bundles()) {
      bundles.add(bundle.toUri().toString());
    }
    try (URLClassLoader alone = new URLClassLoader(path, ClassLoader.getPlatformClassLoader())) {
      @SuppressWarnings("unchecked")
      Callable<Map<String, String>> run =
          (Callable<Map<String, String>>)
              alone
                  .loadClass(ForeignContainer.class.getName())
                  .getConstructor(Path.class, List.class, Map.class)
                  .newInstance(storage, bundles, Distribution.folders(storage));
      assertEquals(Map.of(), run.call(), () -> "bundles that did not start in " + framework);
    }
  }
}
