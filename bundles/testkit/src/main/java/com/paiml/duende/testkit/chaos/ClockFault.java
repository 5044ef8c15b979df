package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Shifts the wall clock of programs that were started with libfaketime. The kernel has no clock of day for a process or
 * container of its own (time_namespaces(7) shift the monotonic and the boot clock only), so without it there is no way that
 * the rest of the machine would not notice.
 */
final class ClockFault implements Fault {
  private static final String VARIABLE = "FAKETIME_TIMESTAMP_FILE=";

  @Override
  public String name() {
    return "clock";
  }

  @Override
  public String needs() {
    return "shift=1h (or -1h): the wall clock is off by that; needs a program that was started with"
        + " libfaketime (LD_PRELOAD) and FAKETIME_TIMESTAMP_FILE in its env";
  }

  @Override
  public Injection inject(ChaosScene scene) throws DaemonException, InterruptedException {
    scene.parameters().only("shift");
    String word = scene.parameters().needed("shift", "1h");
    boolean back = word.startsWith("-");
    Duration shift =
        new Parameters(name(), java.util.Map.of("shift", back ? word.substring(1) : word))
            .duration("shift", Duration.ZERO);
    String text = (back ? "-" : "+") + shift.toSeconds();
    List<Injection> all = new ArrayList<>();
    try {
      for (String target : scene.targets()) {
        String main = Processes.main(scene.manager(), target);
        Path file = file(target, main);
        Guard guard = Guard.start(Guard.CLOCK, scene.plan().duration(), text, file.toString());
        all.add(guard::close);
        guard.inject("go");
        scene.note(target + ": wall clock " + text + " s");
      }
    } catch (DaemonException | InterruptedException e) {
      Injections.of(all).close();
      throw e;
    }
    return Injections.of(all);
  }

  private static Path file(String target, String main) throws DaemonException {
    try {
      String environment =
          Files.readString(
              Path.of("/proc/" + Processes.pid(main) + "/environ"), StandardCharsets.ISO_8859_1);
      Optional<String> file =
          Pattern.compile("\0")
              .splitAsStream(environment)
              .filter(v -> v.startsWith(VARIABLE))
              .map(v -> v.substring(VARIABLE.length()))
              .findFirst();
      if (file.isPresent()) {
        return Path.of(file.get());
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.PERMISSION_DENIED, target, "its environment cannot be read", "", e);
    }
    throw new DaemonException(
        ErrorCode.NOT_SUPPORTED,
        target,
        "has the machine's own clock, which is not shifted",
        "start it with libfaketime in LD_PRELOAD and FAKETIME_TIMESTAMP_FILE in its env");
  }
}
