package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An engine whose disk is full of layers. */
@Tag("long")
class FullDiskTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_full_disk_then_a_start_is_told_so_and_with_space_again_it_works(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind + " on a small disk", folder)) {
      bench.engine.fillDisk();
      DaemonException full =
          assertThrows(
              DaemonException.class,
              () ->
                  bench.start(
                      bench.shell("cramped", "exec sleep 3600", b -> b), new RecordedEvents()));
      assertEquals(ErrorCode.RESOURCE_LIMIT, full.code(), full::toString);
      assertTrue(full.getMessage().contains("disk is full"), full::toString);
      bench.engine.freeDisk();
      Await.until("nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty());
      DaemonHandle handle =
          bench.start(bench.shell("cramped", "exec sleep 3600", b -> b), new RecordedEvents());
      bench.adapter.kill(handle, Bench.deadline());
      bench.adapter.destroy(handle, Bench.deadline());
    }
  }
}
