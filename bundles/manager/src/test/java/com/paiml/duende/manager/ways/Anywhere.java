package com.paiml.duende.manager.ways;

import com.paiml.duende.manager.file.Surroundings;
import com.paiml.duende.spi.TableSchema;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A container with the native adapter. */
final class Anywhere implements Surroundings {
  @Override
  public Optional<TableSchema> table(String platform) {
    return platform.equals("native")
        ? Optional.of(new TableSchema(platform, List.of()))
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
