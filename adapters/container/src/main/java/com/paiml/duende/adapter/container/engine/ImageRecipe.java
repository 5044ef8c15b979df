package com.paiml.duende.adapter.container.engine;

import java.util.List;
import java.util.Map;

/**
 * What an image of our own says beside its files.
 *
 * @param entrypoint the program
 * @param env {@code NAME=VALUE}
 * @param labels on the image
 */
public record ImageRecipe(List<String> entrypoint, List<String> env, Map<String, String> labels) {
  public ImageRecipe {
    entrypoint = List.copyOf(entrypoint);
    env = List.copyOf(env);
    labels = Map.copyOf(labels);
  }
}
