package com.paiml.duende.manager.file;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.spi.TableSchema;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Daemon and group files: read, or refused with faults that say where. */
public final class DaemonFileFuzz {
  private static final DaemonFileReader READER =
      new DaemonFileReader(new NativeAlone(), new LocalFiles("/usr/bin:/bin"));

  private DaemonFileFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, StandardCharsets.UTF_8);
    try {
      DaemonConfig config = READER.read(text, "x");
      if (!READER.check(config, "x").isEmpty()) {
        throw new AssertionError("read, and then refused");
      }
    } catch (ConfigException refused) {
      expectFaults(refused);
    }
    try {
      var _ = READER.readGroup(text, "x");
    } catch (ConfigException refused) {
      expectFaults(refused);
    }
  }

  private static void expectFaults(ConfigException refused) {
    if (refused.faults().isEmpty()
        || refused.faults().stream().anyMatch(f -> f.problem().isEmpty() || f.line() < 0)) {
      throw new AssertionError("refused without a word", refused);
    }
  }

  private static final class NativeAlone implements Surroundings {
    @Override
    public Optional<TableSchema> table(String platform) {
      return platform.equals("native")
          ? Optional.of(
              new TableSchema(
                  "native",
                  List.of(
                      new TableSchema.Key(
                          "process", TableSchema.Type.BOOLEAN, "false", Set.of(), ""))))
          : Optional.empty();
    }

    @Override
    public Set<String> platforms() {
      return Set.of("native");
    }

    @Override
    public boolean hasPolicyEngine() {
      return true;
    }
  }
}
