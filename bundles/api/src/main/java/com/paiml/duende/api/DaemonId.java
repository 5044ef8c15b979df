package com.paiml.duende.api;

import java.util.Objects;
import java.util.UUID;

/**
 * The identifier of a daemon: a random UUID (RFC 9562, version 4), minted when a name is deployed for the first time and
 * journalled from then on. People use the name; programs that must not confuse two daemons of one name in succession use
 * the id.
 */
public record DaemonId(UUID value) {

  public DaemonId {
    Objects.requireNonNull(value, "value");
  }

  /** A new random id. */
  public static DaemonId random() {
    return new DaemonId(UUID.randomUUID());
  }

  /**
   * Reads the form that {@link #toString()} writes: 36 characters, hexadecimal in groups of 8-4-4-4-12.
   *
   * @throws DaemonException with {@link ErrorCode#CONFIGURATION} when the text is not a UUID
   */
  public static DaemonId parse(String text) throws DaemonException {
    try {
      UUID uuid = UUID.fromString(text);
      // UUID.fromString accepts shortened groups ("1-2-3-4-5"); an identifier has one spelling.
      if (uuid.toString().equalsIgnoreCase(text)) {
        return new DaemonId(uuid);
      }
    } catch (IllegalArgumentException e) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          text,
          "is not a daemon id",
          "write a UUID such as 123e4567-e89b-42d3-a456-426614174000",
          e);
    }
    throw new DaemonException(
        ErrorCode.CONFIGURATION,
        text,
        "is not a daemon id",
        "write a UUID such as 123e4567-e89b-42d3-a456-426614174000");
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
