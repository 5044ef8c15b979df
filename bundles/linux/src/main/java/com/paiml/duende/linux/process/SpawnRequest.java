package com.paiml.duende.linux.process;

import com.paiml.duende.linux.confine.Confinement;
import com.paiml.duende.linux.kernel.Descriptor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is to be started. The child leads a session and a process group of its own, every signal has
 * its default action and none is blocked, and it has no descriptor but those named here.
 *
 * @param program absolute path of the file to execute; no search along {@code PATH}
 * @param arguments the argument vector <em>with</em> the zeroth, never empty
 * @param environment {@code NAME=value}, all of it: nothing is inherited
 * @param workingDirectory where it starts; this process's own when empty
 * @param stdin standard input
 * @param stdout standard output
 * @param stderr standard error
 * @param descriptors copied to the numbers 3, 4, … in this order
 * @param confinement what is in force before the program's first instruction
 * @param deadline how long it may take until the program's first instruction; what a kill cannot interrupt (a device that does
 *     not answer) lasts as long as it lasts
 */
public record SpawnRequest(
    Path program,
    List<String> arguments,
    List<String> environment,
    Optional<Path> workingDirectory,
    Stdio stdin,
    Stdio stdout,
    Stdio stderr,
    List<Descriptor> descriptors,
    Confinement confinement,
    Duration deadline) {

  /** Copies the lists. */
  public SpawnRequest {
    arguments = List.copyOf(arguments);
    environment = List.copyOf(environment);
    descriptors = List.copyOf(descriptors);
  }

  /** A program with its arguments (without the zeroth); everything else at its default. */
  public static SpawnRequest of(Path program, List<String> arguments) {
    return of(program.toString(), program, arguments);
  }

  /** As {@link #of(Path, List)}, with the zeroth argument given. */
  public static SpawnRequest of(String zeroth, Path program, List<String> arguments) {
    List<String> vector = new ArrayList<>(arguments.size() + 1);
    vector.add(zeroth);
    vector.addAll(arguments);
    Stdio nothing = new Stdio.Null();
    return new SpawnRequest(
        program,
        vector,
        List.of(),
        Optional.empty(),
        nothing,
        nothing,
        nothing,
        List.of(),
        Confinement.none(),
        Duration.ofSeconds(10));
  }

  /** With that environment, {@code NAME=value} each. */
  public SpawnRequest withEnvironment(List<String> all) {
    return new SpawnRequest(
        program,
        arguments,
        all,
        workingDirectory,
        stdin,
        stdout,
        stderr,
        descriptors,
        confinement,
        deadline);
  }

  /** Starting in that directory. */
  public SpawnRequest withWorkingDirectory(Path directory) {
    return new SpawnRequest(
        program,
        arguments,
        environment,
        Optional.of(directory),
        stdin,
        stdout,
        stderr,
        descriptors,
        confinement,
        deadline);
  }

  /** With those standard streams. */
  public SpawnRequest withStdio(Stdio in, Stdio out, Stdio err) {
    return new SpawnRequest(
        program,
        arguments,
        environment,
        workingDirectory,
        in,
        out,
        err,
        descriptors,
        confinement,
        deadline);
  }

  /** With those descriptors at 3, 4, …. */
  public SpawnRequest withDescriptors(List<Descriptor> passed) {
    return new SpawnRequest(
        program,
        arguments,
        environment,
        workingDirectory,
        stdin,
        stdout,
        stderr,
        passed,
        confinement,
        deadline);
  }

  /** Confined like that. */
  public SpawnRequest withConfinement(Confinement limits) {
    return new SpawnRequest(
        program,
        arguments,
        environment,
        workingDirectory,
        stdin,
        stdout,
        stderr,
        descriptors,
        limits,
        deadline);
  }

  /** With that deadline. */
  public SpawnRequest withDeadline(Duration atMost) {
    return new SpawnRequest(
        program,
        arguments,
        environment,
        workingDirectory,
        stdin,
        stdout,
        stderr,
        descriptors,
        confinement,
        atMost);
  }
}
