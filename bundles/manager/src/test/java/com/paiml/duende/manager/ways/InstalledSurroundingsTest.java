package com.paiml.duende.manager.ways;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.TableSchema;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceRegistration;

class InstalledSurroundingsTest {
  @TempDir Path folder;

  @Test
  void the_adapters_that_are_there_now_are_seen_the_highest_ranking_first() throws Exception {
    try (InFelix felix = new InFelix(folder);
        InstalledSurroundings surroundings = new InstalledSurroundings(felix.context())) {
      assertEquals(Set.of(), surroundings.platforms());

      ServiceRegistration<PlatformAdapter> low = register(felix.context(), "moon", 0);
      ServiceRegistration<PlatformAdapter> high = register(felix.context(), "moon", 7);
      assertEquals(Set.of("moon"), surroundings.platforms());
      assertEquals(Optional.of("7"), known(surroundings));

      high.unregister();
      assertEquals(Optional.of("0"), known(surroundings));

      low.unregister();
      assertEquals(Optional.empty(), known(surroundings));
      assertEquals(Set.of(), surroundings.platforms());
    }
  }

  private static Optional<String> known(InstalledSurroundings surroundings) {
    return surroundings.table("moon").map(TableSchema::platform);
  }

  /** An adapter whose only answer is a table that has the name of its ranking. */
  private static ServiceRegistration<PlatformAdapter> register(
      BundleContext context, String platform, int ranking) {
    Dictionary<String, Object> properties = new Hashtable<>();
    properties.put(PlatformAdapter.PLATFORM, platform);
    properties.put(Constants.SERVICE_RANKING, ranking);
    PlatformAdapter adapter =
        (PlatformAdapter)
            Proxy.newProxyInstance(
                PlatformAdapter.class.getClassLoader(),
                new Class<?>[] {PlatformAdapter.class},
                (proxy, method, arguments) ->
                    switch (method.getName()) {
                      case "schema" -> new TableSchema(String.valueOf(ranking), List.of());
                      default -> throw new UnsupportedOperationException(method.getName());
                    });
    return context.registerService(PlatformAdapter.class, adapter, properties);
  }
}
