package com.paiml.duende.manager.file;

import com.paiml.duende.spi.TableSchema;
import java.util.Optional;
import java.util.Set;

/** What the reader asks about the container that it reads for. Any thread may call. */
public interface Surroundings {
  /** The table that an installed adapter has published; empty where no adapter has that name. */
  Optional<TableSchema> table(String platform);

  /** The names of the installed adapters. */
  Set<String> platforms();

  /** Whether a policy engine is installed, for which the keys of {@code [policy]} are meant. */
  boolean hasPolicyEngine();
}
