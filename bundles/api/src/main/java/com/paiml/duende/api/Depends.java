package com.paiml.duende.api;

import java.util.List;

/**
 * What a daemon waits for, table {@code [depends]}.
 *
 * @param after started after these are ready, when they are to be started at all
 * @param requires these are started with it, it waits until they are ready, and it is stopped when one of them stops
 * @param wants these are started with it; it waits until they are ready or have failed
 * @param group the group it belongs to; empty for none
 */
public record Depends(List<String> after, List<String> requires, List<String> wants, String group) {
  public static final Depends NONE = new Depends(List.of(), List.of(), List.of(), "");

  public Depends {
    after = List.copyOf(after);
    requires = List.copyOf(requires);
    wants = List.copyOf(wants);
  }
}
