package com.paiml.duende.spi;

/**
 * The container's identity, so that several on one machine keep out of each other's way. Whatever an adapter creates
 * carries it.
 *
 * @param id 8 lower-case hexadecimal digits, minted with the data directory
 * @param isDefault whether it is the one whose names need no id: the data directory is in its default place
 */
public record Instance(String id, boolean isDefault) {
  public Instance {
    if (!id.matches("[0-9a-f]{8}")) {
      throw new IllegalArgumentException("an instance id is 8 hexadecimal digits, not " + id);
    }
  }

  /** {@code duende-NAME}, or {@code duende-ID-NAME} for an instance that is not the default. */
  public String qualify(String name) {
    return (isDefault ? "duende-" : "duende-" + id + "-") + name;
  }
}
