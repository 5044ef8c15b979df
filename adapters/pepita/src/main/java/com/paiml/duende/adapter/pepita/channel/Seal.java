package com.paiml.duende.adapter.pepita.channel;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * By what a guest finds out whether a file has come whole: a Poly1305 tag under a random key of its own, such as
 * AEAD_CHACHA20_POLY1305 (RFC 8439) has of its associated data. A SHA-256 would take an emulated guest several times as long
 * as all the rest of a file's way.
 */
public final class Seal {
  private static final int KEY = 32;
  private static final int NONCE = 12;
  private static final int PIECE = 1 << 16;

  private final byte[] key;
  private final byte[] tag;

  private Seal(byte[] key, byte[] tag) {
    this.key = key;
    this.tag = tag;
  }

  /** {@return 32 random bytes, for one file} */
  public byte[] key() {
    return key.clone();
  }

  /** {@return 16 bytes} */
  public byte[] tag() {
    return tag.clone();
  }

  /** That of a file. */
  public static Seal of(Path file) throws IOException {
    byte[] key = Secret.random(KEY);
    byte[] piece = new byte[PIECE];
    try (InputStream in = Files.newInputStream(file)) {
      Cipher cipher = Cipher.getInstance("ChaCha20-Poly1305");
      cipher.init(
          Cipher.ENCRYPT_MODE,
          new SecretKeySpec(key, "ChaCha20"),
          new IvParameterSpec(new byte[NONCE]));
      for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
        cipher.updateAAD(piece, 0, n);
      }
      return new Seal(key, cipher.doFinal());
    } catch (GeneralSecurityException e) {
      throw new IOException("this Java has no ChaCha20-Poly1305", e);
    }
  }
}
