package com.paiml.duende.spi;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonException;
import java.nio.file.Path;
import java.util.List;

/** What is run. An adapter declares which kinds it takes. */
public sealed interface Payload {
  Kind kind();

  /** The kinds. */
  enum Kind {
    IN_PROCESS,
    PROGRAM,
    JAVA_CLASS,
    IMAGE,
    MODULE,
    VM
  }

  /** A daemon object inside this JVM. {@link Source#create()} is called once for each run. */
  record InProcess(Source source) implements Payload {
    @Override
    public Kind kind() {
      return Kind.IN_PROCESS;
    }
  }

  /** Where daemon objects come from. */
  interface Source {
    /** @throws DaemonException when the class is gone or its constructor failed */
    Daemon create() throws DaemonException;
  }

  /** A program, with {@link LaunchSpec#args()}. */
  record Program(String path) implements Payload {
    @Override
    public Kind kind() {
      return Kind.PROGRAM;
    }
  }

  /**
   * A daemon class to be run in a JVM that the adapter brings. Adapters that only start programs need not take it: the
   * manager then turns it into a {@link Program} by {@link HostRuntime}.
   *
   * @param className with its package
   * @param classPath jars, the daemon's bundle first
   */
  record JavaClass(String className, List<Path> classPath) implements Payload {
    public JavaClass {
      classPath = List.copyOf(classPath);
    }

    @Override
    public Kind kind() {
      return Kind.JAVA_CLASS;
    }
  }

  /** A container image; {@code command} replaces its entry point where it is not empty. */
  record Image(String reference, String command) implements Payload {
    @Override
    public Kind kind() {
      return Kind.IMAGE;
    }
  }

  /** A WebAssembly module. */
  record Module(Path path) implements Payload {
    @Override
    public Kind kind() {
      return Kind.MODULE;
    }
  }

  /** A virtual machine; an empty {@code rootfs} means the built one. */
  record Vm(String rootfs, String program) implements Payload {
    @Override
    public Kind kind() {
      return Kind.VM;
    }
  }
}
