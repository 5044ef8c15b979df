package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.SpawnRequest;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Finds out what a refused start was refused for: posix_spawn gives only a number. */
final class SpawnFaults {
  private static final String CALL = "posix_spawn";
  private static final int X_OK = 1;
  // linux/binfmts.h: MAX_ARG_STRLEN, 32 pages, with the terminating zero
  private static final int MAX_STRING = 32 * 4096;

  private SpawnFaults() {}

  /** What the kernel could not even be asked. */
  static void refuseUnusable(SpawnRequest request) throws LinuxException {
    String program = request.program().toString();
    refuseZero("program", program);
    if (!request.program().isAbsolute()) {
      throw new LinuxException(
          Errno.EINVAL,
          CALL,
          program,
          "A program is named by its absolute path: write it in full.");
    }
    if (request.arguments().isEmpty()) {
      throw new LinuxException(
          Errno.EINVAL, CALL, program, "The zeroth argument is missing: give the program's name.");
    }
    for (int i = 0; i < request.arguments().size(); i++) {
      refuseZero("argument " + i + " of " + program, request.arguments().get(i));
    }
    for (int i = 0; i < request.environment().size(); i++) {
      String variable = request.environment().get(i);
      if (variable.indexOf('=') < 1) {
        throw new LinuxException(
            Errno.EINVAL, CALL, "variable " + i + " of the environment", "Write it as NAME=value.");
      }
      refuseZero("variable " + nameOf(variable), variable);
    }
    if (request.workingDirectory().isPresent()) {
      refuseZero("working directory", request.workingDirectory().get().toString());
    }
  }

  static void refuseZero(String what, String text) throws LinuxException {
    if (text.indexOf('\0') >= 0) {
      throw new LinuxException(
          Errno.EINVAL,
          CALL,
          what,
          "It contains a zero character, which ends a string: remove it.");
    }
  }

  /** The exception for an error number of posix_spawn, with the path or variable at fault. */
  static LinuxException explain(Kernel kernel, int number, SpawnRequest request) {
    String program = request.program().toString();
    if (request.workingDirectory().isPresent()) {
      String directory = request.workingDirectory().get().toString();
      if (access(kernel, directory) == -number || notAFolder(kernel, number, directory)) {
        return new LinuxException(
            number, "chdir", "the working directory " + directory, Remedies.of(number));
      }
    }
    return Errno.of(number)
        .map(errno -> explainProgram(kernel, errno, program, request))
        .orElseGet(() -> Kernel.error(-number, CALL, program));
  }

  /** The exception for an executor that could not even be started. */
  static LinuxException explainExecutor(Kernel kernel, int number, SpawnRequest request) {
    // Its arguments are the program's and two more, so too much is too much for both.
    return number == Errno.E2BIG.number()
        ? explain(kernel, number, request)
        : new LinuxException(
            number,
            CALL,
            "the executor of a confined start of " + request.program(),
            "It is executed from memory through /proc/self/fd: /proc must be mounted and"
                + " vm.memfd_noexec below 2. "
                + Remedies.of(number));
  }

  /** The exception for a step that the executor could not make. */
  static LinuxException explainStep(
      Kernel kernel, StepList.Purpose purpose, int number, SpawnRequest request) {
    String program = request.program().toString();
    boolean executing =
        purpose.call().equals(Call.EXECVE.manualName())
            || purpose.call().equals(Call.FACCESSAT2.manualName());
    if (executing && number == Errno.EACCES.number()) {
      return new LinuxException(
          number,
          Call.EXECVE.manualName(),
          program,
          "The user that it is to run as, and the paths that it may read, must include the file,"
              + " its folders, its interpreter and its libraries.");
    }
    return executing
        ? explain(kernel, number, request)
        : new LinuxException(number, purpose.call(), purpose.thing(), Remedies.of(number));
  }

  private static LinuxException explainProgram(
      Kernel kernel, Errno errno, String program, SpawnRequest request) {
    return switch (errno) {
      case E2BIG -> tooBig(request);
      case ENOENT ->
          access(kernel, program) == 0
              ? new LinuxException(
                  errno,
                  CALL,
                  program,
                  "The file is there but the interpreter that it names is not (its #! line, or the"
                      + " loader of another C library): install that.")
              : new LinuxException(errno, CALL, program, "There is no such file: check the path.");
      case EACCES ->
          new LinuxException(
              errno,
              CALL,
              program,
              "It must be a file with execute permission on a file system that is not noexec, in"
                  + " folders that may be entered: check with ls -l and findmnt.");
      case ENOEXEC ->
          new LinuxException(
              errno,
              CALL,
              program,
              "It is neither a binary for this machine nor a script: a script's first line must"
                  + " name its interpreter after #!.");
      case ETXTBSY ->
          new LinuxException(
              errno, CALL, program, "Somebody has it open for writing: wait until that is done.");
      default -> Kernel.error(-errno.number(), CALL, program);
    };
  }

  private static long access(Kernel kernel, String path) {
    try (Arena memory = Arena.ofConfined()) {
      return kernel.raw(
          Call.FACCESSAT, Kernel.AT_FDCWD, Kernel.cString(memory, path).address(), X_OK);
    }
  }

  private static boolean notAFolder(Kernel kernel, int number, String directory) {
    return number == Errno.ENOTDIR.number() && access(kernel, directory + "/.") == -number;
  }

  private static LinuxException tooBig(SpawnRequest request) {
    List<String> arguments = request.arguments();
    for (int i = 0; i < arguments.size(); i++) {
      int bytes = bytes(arguments.get(i));
      if (bytes >= MAX_STRING) {
        return tooLong("argument " + i, bytes);
      }
    }
    long total = arguments.stream().mapToLong(SpawnFaults::bytes).sum();
    for (String variable : request.environment()) {
      int bytes = bytes(variable);
      if (bytes >= MAX_STRING) {
        // Its name only: values may be secrets.
        return tooLong("variable " + nameOf(variable), bytes);
      }
      total += bytes;
    }
    return new LinuxException(
        Errno.E2BIG,
        CALL,
        request.program().toString(),
        "Arguments and environment have "
            + total
            + " bytes together, more than a quarter of the stack limit: shorten them or raise the"
            + " limit (ulimit -s).");
  }

  private static LinuxException tooLong(String what, int bytes) {
    return new LinuxException(
        Errno.E2BIG,
        CALL,
        what,
        "It has "
            + bytes
            + " bytes and may have "
            + (MAX_STRING - 1)
            + ": pass it in a file instead.");
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static String nameOf(String variable) {
    return variable.substring(0, variable.indexOf('='));
  }
}
