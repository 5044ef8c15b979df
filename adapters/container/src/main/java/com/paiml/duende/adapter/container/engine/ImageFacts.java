package com.paiml.duende.adapter.container.engine;

import java.util.List;

/**
 * An image that is present.
 *
 * @param id its digest, {@code sha256:…}
 * @param digests the registry's digests of it, {@code name@sha256:…}; empty for one that was made here
 * @param hasHealthCheck whether it brings a health check of its own
 */
public record ImageFacts(String id, List<String> digests, boolean hasHealthCheck) {
  public ImageFacts {
    digests = List.copyOf(digests);
  }
}
