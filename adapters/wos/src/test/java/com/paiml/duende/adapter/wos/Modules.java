package com.paiml.duende.adapter.wos;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The modules of the tests and the examples, as {@code examples/build.sh} built them. */
public final class Modules {

  private Modules() {}

  /** {@return a module of src/test/modules, or of examples} */
  public static byte[] bytes(String name) {
    try (InputStream in = Modules.class.getResourceAsStream("/modules/" + name + ".wasm")) {
      return in != null ? in.readAllBytes() : Files.readAllBytes(example(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** {@return the file of an example} */
  public static Path example(String name) {
    return Path.of("examples", "built", name + ".wasm").toAbsolutePath();
  }
}
