package com.paiml.duende.adapter.pepita.channel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** What one machine and its host both know, and nobody else: 32 bytes, kept in a file of mode 0600. */
public final class Secret {
  public static final int LENGTH = 32;
  static final int NONCE = 16;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final byte[] bytes;

  private Secret(byte[] bytes) {
    this.bytes = bytes;
  }

  /** A new one. */
  public static Secret mint() {
    return new Secret(random(LENGTH));
  }

  static byte[] random(int length) {
    byte[] bytes = new byte[length];
    RANDOM.nextBytes(bytes);
    return bytes;
  }

  /** Reads a file that {@link #write} made. */
  public static Secret read(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    if (bytes.length != LENGTH) {
      throw new IOException(file + " is not a machine's secret");
    }
    return new Secret(bytes);
  }

  /** Writes it for nobody but this user. */
  public void write(Path file) throws IOException {
    try (FileChannel out =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      ByteBuffer all = ByteBuffer.wrap(bytes);
      while (all.hasRemaining()) {
        int written = out.write(all);
        if (written <= 0) {
          throw new IOException(file + " takes no more bytes");
        }
      }
    }
  }

  /** A copy, for the machine itself. */
  public byte[] copy() {
    return bytes.clone();
  }

  /** HMAC-SHA256 (RFC 2104) of who proves it and both sides' nonces. */
  byte[] prove(String who, byte[] one, byte[] two) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(bytes, "HmacSHA256"));
      mac.update(who.getBytes(StandardCharsets.US_ASCII));
      mac.update(one);
      return mac.doFinal(two);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }

  boolean proves(byte[] proof, String who, byte[] one, byte[] two) {
    return MessageDigest.isEqual(proof, prove(who, one, two));
  }
}
