package com.paiml.duende.adapter.container;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A daemon for tests in which no engine gets so far as to run it. */
final class SmallSpec {
  private SmallSpec() {}

  static LaunchSpec of(String kind, Path folder) throws IOException {
    Map<String, Object> table = Map.of("engine", kind, "network", "none", "pull", "never");
    DaemonConfig config =
        DaemonConfig.builder("small")
            .platform(ContainerTable.NAME)
            .what(new What.Image("local/busybox", "/bin/true"))
            .tables(Map.of(ContainerTable.NAME, table))
            .build();
    return new LaunchSpec(
        new Instance("0badf00d", false),
        DaemonId.random(),
        "small",
        1,
        new Payload.Image("local/busybox", "/bin/true"),
        List.of(),
        List.of(),
        config,
        table,
        Files.createDirectories(folder.resolve("state")),
        Files.createDirectories(folder.resolve("run")),
        folder.resolve("small.log"),
        TraceContext.newRoot());
  }
}
