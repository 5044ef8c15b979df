package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The processes of a daemon as this machine's kernel numbers them. */
final class Processes {
  private Processes() {}

  /** The main process, {@code PID:START} (proc(5), stat, field 22). */
  static String main(DaemonManager manager, String daemon) throws DaemonException {
    OptionalLong pid =
        manager
            .find(daemon)
            .orElseThrow(
                () -> new DaemonException(ErrorCode.NOT_FOUND, daemon, "is not deployed", ""))
            .pid();
    Optional<String> item = pid.isPresent() ? item(pid.getAsLong()) : Optional.empty();
    return item.orElseThrow(
        () ->
            new DaemonException(
                ErrorCode.NOT_SUPPORTED,
                daemon,
                "has no process on this machine now",
                "choose a fault that its platform takes: see \"duende chaos\""));
  }

  /** A process and all that descend from it. */
  static List<String> tree(String main) {
    List<String> items = new ArrayList<>(List.of(main));
    ProcessHandle.of(pid(main))
        .ifPresent(p -> p.descendants().forEach(child -> item(child.pid()).ifPresent(items::add)));
    return items;
  }

  /** Whether that very process is there. */
  static boolean isThere(String item) {
    return item(pid(item)).filter(item::equals).isPresent();
  }

  static long pid(String item) {
    return Long.parseLong(item.substring(0, item.indexOf(':')));
  }

  static Optional<String> item(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return Optional.of(pid + ":" + fields[19]);
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
