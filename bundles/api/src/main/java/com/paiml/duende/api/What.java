package com.paiml.duende.api;

import java.util.Objects;

/** What a daemon file says is to be run: exactly one of its keys {@code binary_path}, {@code class}, {@code image}, … */
public sealed interface What {

  /** A program: a path, absolute or relative to the working directory, or a name to be found on the PATH. */
  record Program(String path) implements What {
    public Program {
      Objects.requireNonNull(path, "path");
    }
  }

  /**
   * A {@link Daemon} class.
   *
   * @param className with its package
   * @param bundle symbolic name of the bundle that has it; empty: whichever offers it
   */
  record JavaClass(String className, String bundle) implements What {}

  /**
   * A container image.
   *
   * @param reference as the engine understands it
   * @param command replaces the image's entry point; empty: its own
   */
  record Image(String reference, String command) implements What {}

  /** A WebAssembly module: a path. */
  record Module(String path) implements What {}

  /**
   * A virtual machine.
   *
   * @param rootfs path of the root file system image; empty: the built one
   * @param program the program in it; empty: what the image starts
   */
  record Vm(String rootfs, String program) implements What {}

  /** A {@link Daemon} object that a bundle has registered as a service. */
  record Service(String className) implements What {}
}
