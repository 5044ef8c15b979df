package com.paiml.duende.adapter.process.program;

import com.paiml.duende.adapter.process.NativeTable;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.linux.confine.Capability;
import com.paiml.duende.linux.confine.Confinement;
import com.paiml.duende.linux.confine.Credentials;
import com.paiml.duende.linux.confine.Namespace;
import com.paiml.duende.linux.confine.PathRule;
import com.paiml.duende.linux.confine.SyscallFilter;
import com.paiml.duende.linux.kernel.SystemCallTable;
import com.paiml.duende.linux.limits.Limit;
import com.paiml.duende.linux.limits.Resource;
import com.paiml.duende.spi.LaunchSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a daemon file says about user, sandbox and descriptors, as the kernel is to be told before the first instruction. */
final class Confining {
  private static final int EPERM = 1;
  private static final int HEXADECIMAL = 16;

  /** Without these no dynamically linked program gets as far as its first instruction. */
  private static final List<String> LOADER =
      List.of(
          "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/etc/ld.so.cache");

  private static final List<String> DEVICES =
      List.of("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom");

  private Confining() {}

  /** All but the cgroups. */
  static Confinement.Builder of(
      LaunchSpec spec, Path program, Optional<Credentials> user, Limit openFiles)
      throws DaemonException {
    Sandbox sandbox = spec.config().sandbox();
    Confinement.Builder builder = Confinement.builder().limit(Resource.NOFILE, openFiles);
    user.ifPresent(builder::user);
    if (NativeTable.of(spec.table()).ioFlusher()) {
      builder.ioFlusher();
    }
    sandbox.umask().ifPresent(builder::umask);
    if (sandbox.noNewPrivs()) {
      builder.noNewPrivileges();
    }
    if (sandbox.capabilities().isPresent()) {
      builder.capabilities(capabilities(spec.name(), sandbox.capabilities().get()));
    }
    if (sandbox.syscalls().isPresent()) {
      builder.systemCalls(filter(sandbox.syscalls().get()));
    }
    if (sandbox.paths().isPresent()) {
      builder.paths(paths(spec, program, sandbox.paths().get()));
    }
    if (!sandbox.network()) {
      builder.namespace(Namespace.NETWORK);
    }
    return builder;
  }

  /** Names that the kernel does not have; those of system calls may be another architecture's. */
  static List<String> unknownNames(Sandbox sandbox, SystemCallTable table) {
    List<String> faults = new ArrayList<>();
    for (String name : sandbox.capabilities().orElse(List.of())) {
      if (capability(name).isEmpty()) {
        faults.add(
            "sandbox.capabilities: there is no capability \""
                + name
                + "\"; see capabilities(7) for their names");
      }
    }
    List<String> calls = new ArrayList<>();
    sandbox.syscalls().ifPresent(s -> calls.addAll(s.allow()));
    sandbox.syscalls().ifPresent(s -> calls.addAll(s.deny()));
    for (String name : calls) {
      if (!table.isKnown(name)) {
        faults.add(
            "sandbox.syscalls: there is no system call \""
                + name
                + "\"; see syscalls(2) for their names");
      }
    }
    return faults;
  }

  private static Optional<Capability> capability(String name) {
    String bare = name.toUpperCase(Locale.ROOT).replaceFirst("^CAP_", "");
    return EnumSet.allOf(Capability.class).stream().filter(c -> c.name().equals(bare)).findFirst();
  }

  /**
   * Whether a set as proc_pid_status(5) tells it, in hexadecimal, has none but those capabilities: a program may have dropped
   * some of them itself.
   */
  static boolean holdsNoOther(String mask, List<String> names) {
    long asked = 0;
    for (String name : names) {
      asked |= capability(name).map(Capability::bit).orElse(0L);
    }
    try {
      return (Long.parseUnsignedLong(mask, HEXADECIMAL) & ~asked) == 0;
    } catch (NumberFormatException notThere) {
      return false;
    }
  }

  private static Set<Capability> capabilities(String daemon, List<String> names)
      throws DaemonException {
    Set<Capability> all = EnumSet.noneOf(Capability.class);
    for (String name : names) {
      all.add(
          capability(name)
              .orElseThrow(
                  () ->
                      new DaemonException(
                          ErrorCode.CONFIGURATION,
                          daemon,
                          "sandbox.capabilities: there is no capability \"" + name + "\"",
                          "see capabilities(7) for their names")));
    }
    return all;
  }

  private static SyscallFilter filter(Sandbox.Syscalls syscalls) {
    SyscallFilter.Action action =
        switch (syscalls.action()) {
          case KILL -> SyscallFilter.KILL;
          case ERRNO -> SyscallFilter.fail(EPERM);
          case LOG -> SyscallFilter.LOG;
        };
    Map<String, SyscallFilter.Action> rules = new HashMap<>();
    syscalls.allow().forEach(name -> rules.put(name, SyscallFilter.ALLOW));
    syscalls.deny().forEach(name -> rules.put(name, action));
    return new SyscallFilter(syscalls.allowByDefault() ? SyscallFilter.ALLOW : action, rules);
  }

  private static List<PathRule> paths(LaunchSpec spec, Path program, Sandbox.Paths paths)
      throws DaemonException {
    List<PathRule> rules = new ArrayList<>();
    for (String path : paths.read()) {
      rules.add(PathRule.read(existing(spec.name(), path)));
    }
    for (String path : paths.write()) {
      rules.add(PathRule.write(existing(spec.name(), path)));
    }
    // What every daemon has: its own directory, its own file, and what a program is loaded by.
    rules.add(PathRule.write(spec.stateDirectory()));
    rules.add(new PathRule(program, EnumSet.of(PathRule.Right.READ_FILE, PathRule.Right.EXECUTE)));
    for (String path : LOADER) {
      Path file = Path.of(path);
      if (Files.isDirectory(file)) {
        rules.add(PathRule.read(file));
      } else if (Files.exists(file)) {
        rules.add(new PathRule(file, EnumSet.of(PathRule.Right.READ_FILE)));
      }
    }
    for (String path : DEVICES) {
      Path file = Path.of(path);
      if (Files.exists(file)) {
        rules.add(
            new PathRule(file, EnumSet.of(PathRule.Right.READ_FILE, PathRule.Right.WRITE_FILE)));
      }
    }
    return rules;
  }

  private static Path existing(String daemon, String path) throws DaemonException {
    Path file = Path.of(path);
    if (!Files.exists(file)) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          daemon,
          "sandbox.paths: " + path + " does not exist",
          "make it, or take it out");
    }
    return file;
  }
}
