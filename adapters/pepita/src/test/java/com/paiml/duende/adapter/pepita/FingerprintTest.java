package com.paiml.duende.adapter.pepita;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.pepita.image.Images;
import com.paiml.duende.adapter.pepita.monitor.FirecrackerMonitor;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.Fingerprint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class FingerprintTest {
  @TempDir Path folder;

  private static DaemonConfig with(Map<String, Object> table) {
    return DaemonConfig.builder("d")
        .what(new What.Program("/bin/x"))
        .platform(PepitaAdapter.NAME)
        .tables(Map.of(PepitaAdapter.NAME, table))
        .build();
  }

  @Test
  void a_daemon_that_names_its_image_needs_that_one_and_no_other() throws Exception {
    Path program = Files.createFile(folder.resolve("firecracker"));
    assertTrue(program.toFile().setExecutable(true));
    Path images = folder.resolve("images");
    Files.createDirectories(images.resolve("mine"));
    Files.writeString(images.resolve("mine/image.properties"), "");
    PepitaAdapter adapter =
        new PepitaAdapter(
            new Images(images),
            new Monitors(List.of(new Emulating(new FirecrackerMonitor(Optional.of(program))))),
            folder);
    try {
      assertTrue(adapter.fingerprint(with(Map.of("image", "mine")), Lab.deadline()).present());
      Fingerprint other = adapter.fingerprint(with(Map.of("image", "yours")), Lab.deadline());
      assertFalse(other.present());
      assertTrue(other.problem().contains("\"yours\""), other.problem());
      assertTrue(other.problem().contains("pepita image build --name yours"), other.problem());
      assertFalse(adapter.fingerprint(with(Map.of()), Lab.deadline()).present());
    } finally {
      adapter.deactivate();
    }
  }
}
